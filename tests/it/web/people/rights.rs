//! The table of rights, walked with every role.

use gleaner::domain::rights::{Need, Role};
use gleaner::web::routes::{Access, Right, rights};

use super::{NOBODY, admin, join};
use crate::web::house::House;
use crate::web::wire::Client;

/// What somebody changes who has no right but to be known: what is their own.
const ONES_OWN: [&str; 8] = [
    "/auth/logout",
    "/auth/password",
    "/auth/sessions",
    "/auth/sessions/{id}",
    "/auth/switch",
    "/auth/tokens",
    "/auth/tokens/{id}",
    "ACTIVITY",
];

/// Whether nobody needs to be known there.
fn is_open(right: &Right) -> bool {
    matches!(right.access, Access::Open | Access::Free)
}

async fn status(client: &Client, method: &str, path: &str) -> u16 {
    let path = path.replace("{id}", NOBODY).replace("{user}", NOBODY);
    let reply = client.send(method, &path, None).await;
    if reply.status == 403 {
        assert!(reply.problem(403).contains("this needs the permission"), "{method} {path}: {}", reply.text());
    }
    reply.status
}

#[actix_web::test]
async fn each_role_is_refused_exactly_what_the_table_says() {
    let Some(house) = House::still().await else { return };
    let admin = admin(&house).await;
    let viewer = join(&house, &admin.client, "viewer@example.org", Role::Viewer).await;
    let operator = join(&house, &admin.client, "operator@example.org", Role::Operator).await;
    let mut walked = 0;
    // What ends the session that walks comes last of all, and is walked elsewhere.
    for right in rights().into_iter().filter(|right| !is_open(right) && right.path != "/auth/logout") {
        let method = right.methods.split(',').next().expect("a method");
        for (client, role) in [(&viewer.client, Role::Viewer), (&operator.client, Role::Operator)] {
            let may = right.need.is_met_by(role.permissions());
            let status = status(client, method, &right.path).await;
            assert_eq!(status != 403, may, "{method} {} as {role:?}: {status}", right.path);
            walked += 1;
        }
    }
    assert!(walked >= 40, "{walked}");
}

#[test]
fn a_viewer_changes_nothing_but_what_is_their_own() {
    let viewer = Role::Viewer.permissions();
    let open = rights().into_iter().filter(|right| !is_open(right) && right.action.is_some());
    // Whoever may look may take what they see with them; the history says that they did.
    let own = open.filter(|right| right.need.is_met_by(viewer) && right.action != Some("sellers.export"));
    let mut own: Vec<String> =
        own.map(|right| right.path.replace("/collection/runs/{id}/activity-token", "ACTIVITY")).collect();
    own.sort();
    let mut expected = ONES_OWN.map(str::to_owned).to_vec();
    expected.sort();
    assert_eq!(own, expected);
}

#[test]
fn everything_about_others_asks_for_an_admin() {
    let of_people = |path: &str| path.starts_with("/members") || path.starts_with("/invitations");
    let mut asked = rights().into_iter().filter(|right| of_people(&right.path)).map(|right| right.need).peekable();
    assert!(asked.peek().is_some());
    assert!(asked.all(|need| need == Need::One(gleaner::domain::rights::Permission::OrgAdmin)));
}

#[actix_web::test]
async fn nobody_is_let_in_without_a_token_but_at_the_open_doors() {
    let Some(house) = House::still().await else { return };
    for right in rights() {
        let method = right.methods.split(',').next().expect("a method");
        let status = status(&house.stranger, method, &right.path).await;
        let is_a_door = ["/sign-in", "/auth/login", "/auth/accept"].contains(&right.path.as_str());
        assert_eq!(status == 401, !is_open(&right) || right.path == "/sign-in", "{}: {status}", right.path);
        assert!(!is_a_door || right.access == Access::Open);
    }
}
