//! Where no private server can be started: each refusal says what is in the way, and leaves nothing behind.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use gleaner::store::embedded::{Embedded, Role, Settings};
use nix::unistd::Uid;

use super::{Other, engine, folder, start, stop};

#[tokio::test]
async fn a_cluster_of_another_major_version_is_not_touched() {
    let data = folder();
    stop(engine(data.path()).await).await;
    let version = data.path().join("postgres/PG_VERSION");
    fs::write(&version, "13\n").expect("writable");
    let before = fs::metadata(data.path().join("postgres/global/pg_control")).expect("there").modified().ok();
    let error = start(data.path(), Role::Engine).await.expect_err("another version").to_string();
    for word in ["made by PostgreSQL 13", "nothing was changed", "GLEANER_PG_BIN", "dump"] {
        assert!(error.contains(word), "{error}");
    }
    assert_eq!(fs::metadata(data.path().join("postgres/global/pg_control")).expect("there").modified().ok(), before);
    assert_eq!(fs::read_to_string(&version).expect("there"), "13\n");
}

#[tokio::test]
async fn a_named_folder_without_a_server_is_refused_and_nothing_else_is_tried() {
    let data = folder();
    let settings = Settings { bin: Some("/usr/share".into()), ..Settings::new(data.path()) };
    let error = Embedded::start(&settings, Role::Command).await.expect_err("no server there").to_string();
    assert!(error.contains("/usr/share") && error.contains("`postgres` is not in it"), "{error}");
    assert!(!data.path().join("postgres").exists());
}

#[tokio::test]
async fn as_root_a_folder_that_the_account_cannot_reach_is_refused_naming_the_parent() {
    if !Uid::effective().is_root() {
        return println!("skipped: only root changes to another account");
    }
    let closed = folder();
    fs::set_permissions(closed.path(), fs::Permissions::from_mode(0o700)).expect("ours");
    fs::write(closed.path().join("private"), "").expect("writable");
    let data = closed.path().join("data");
    let error = start(&data, Role::Engine).await.expect_err("out of reach").to_string();
    assert!(error.contains(&format!("cannot pass through {}, ", closed.path().display())), "{error}");
    assert!(!data.exists(), "nothing was made");
    for folder in [data.as_path(), closed.path()] {
        let error = start(folder, Role::Engine).await.expect_err("out of reach, again").to_string();
        assert!(error.contains(&format!("cannot pass through {}, ", closed.path().display())), "{error}");
    }
    assert_eq!(fs::metadata(closed.path()).expect("there").permissions().mode() & 0o777, 0o700);
}

#[tokio::test]
async fn without_rights_in_the_folder_the_error_names_it() {
    let theirs = folder();
    // Root may write everywhere, so there it is somebody else for a moment; others take their own rights away.
    let (mode, uid) = if Uid::effective().is_root() { (0o755, Some(65_534)) } else { (0o555, None) };
    fs::set_permissions(theirs.path(), fs::Permissions::from_mode(mode)).expect("ours");
    for folder in [theirs.path().to_owned(), theirs.path().join("deeper")] {
        let said = Other::start(&folder, "engine", uid).said;
        assert!(said.contains("Permission denied") && said.contains(folder.to_str().expect("text")), "{said}");
    }
    assert_eq!(fs::read_dir(theirs.path()).expect("ours").count(), 0);
}

#[tokio::test]
async fn without_room_nothing_is_written() {
    let data = folder();
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=16m", "tmpfs"]).arg(data.path()).output();
    if !mounted.is_ok_and(|output| output.status.success()) {
        return println!("skipped: a small file system cannot be mounted here");
    }
    let refused = start(data.path(), Role::Engine).await;
    let left = data.path().join("postgres").exists();
    Command::new("umount").arg(data.path()).status().expect("unmounted");
    let error = refused.expect_err("too small").to_string();
    assert!(error.contains("no room") && error.contains("MB are needed"), "{error}");
    assert!(!left);
}
