//! Credentials that are wrong, gone, and mended while the engine runs: a resume uses what the file says then.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::outside::{Outside, short};
use crate::support::api::Api;

const CATEGORIES: [&str; 1] = ["home-bath"];

#[actix_web::test]
async fn a_run_that_was_refused_goes_on_with_credentials_that_were_mended_meanwhile() {
    let outside = Outside::start(0).await;
    let secret = outside.folder.data().with_file_name("password");
    fs::write(&secret, "guessed").expect("our own folder");
    fs::set_permissions(&secret, PermissionsExt::from_mode(0o600)).expect("our own file");
    let config = outside.folder.file(&format!(
        "[oxylabs]\nbase_url = \"{}\"\nusername = \"sandbox\"\npassword_file = \"{}\"\n",
        outside.base(),
        secret.display()
    ));
    let mut serving = outside.folder.serve(&["--config", &config.display().to_string()]).await;
    let api = Api::new(serving.base(), &serving.token().await);
    let run = api.start_run(&CATEGORIES, short()).await;
    let paused = api.until_rest(&run, "paused").await;
    assert_eq!(paused["pause"]["reason"], "provider_refused", "{paused}");
    assert!(paused["pause"]["proofs"].to_string().contains("401"), "{paused}");

    let asked = paused["requests_made"].as_i64().expect("a number");

    let gone = secret.with_file_name("elsewhere");
    fs::rename(&secret, &gone).expect("our own file");
    api.post(&format!("{run}/resume"), None).await;
    let paused = api.until_rest(&run, "paused").await;
    assert_eq!(paused["pause"]["reason"], "provider_refused", "{paused}");
    let proofs = paused["pause"]["proofs"].to_string();
    assert!(proofs.contains("oxylabs.password_file") && !proofs.contains("guessed"), "{proofs}");
    assert_eq!(paused["requests_made"], asked, "what was never sent is no request of the run or its budget: {paused}");
    assert_eq!(paused["spend"]["requests"], asked, "{paused}");

    fs::rename(&gone, &secret).expect("our own file");
    fs::write(&secret, "sandbox\n").expect("our own file");
    api.post(&format!("{run}/resume"), None).await;
    api.until_rest(&run, "completed").await;
    assert_eq!(api.sellers(&run).await, outside.truth(&CATEGORIES, &short()).await);
    assert_eq!(serving.stop().await, Some(0));
}
