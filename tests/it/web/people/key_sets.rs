//! The issuer's keys: published, changed, confused with secrets, and away.

use gleaner::issuer::{Algorithm, Source};
use serde_json::json;

use super::admin;
use crate::support::issuer::{Signer, accepting, claims};
use crate::support::receiver::{Answering, Receiver};
use crate::web::house::House;

async fn house_of(algorithm: Algorithm, url: &str) -> Option<House> {
    let house = House::with_issuer(accepting(algorithm, Source::Address(url.to_owned()))).await?;
    admin(&house).await;
    Some(house)
}

fn set(keys: &[serde_json::Value]) -> Answering {
    Answering::Json(json!({"keys": keys}))
}

#[actix_web::test]
async fn each_algorithm_is_checked_by_the_published_key_of_the_name_that_the_token_says() {
    for (signer, other) in
        [(Signer::rsa(), Signer::p256()), (Signer::p256(), Signer::p256()), (Signer::ed25519(), Signer::ed25519())]
    {
        let algorithm = Algorithm::parse(signer.name()).expect("one that is known");
        let issuer = Receiver::start(set(&[other.published("other"), signer.published("ours")])).await;
        let Some(house) = house_of(algorithm, &issuer.url).await else { return };
        let claims = claims("first@example.org", 600);
        let named = |signer: &Signer, kid: &str| signer.token(&json!({"alg": signer.name(), "kid": kid}), &claims);
        let good = house.stranger.bearer(&named(&signer, "ours"));
        assert_eq!(good.get("/auth/me").await.status, 200, "{}", signer.name());
        for (token, words) in [
            (named(&other, "ours"), if signer.name() == other.name() { "signature" } else { "`alg`" }),
            (named(&signer, "gone"), "does not publish"),
        ] {
            let problem = house.stranger.bearer(&token).get("/auth/me").await.problem(401);
            assert!(problem.contains(words), "{}: {problem}", signer.name());
        }
        // The published key is no secret, whatever a token says.
        let published = signer.published("ours");
        let text = published.get("n").or_else(|| published.get("x")).and_then(|text| text.as_str()).expect("a key");
        for secret in [text.as_bytes().to_vec(), published.to_string().into_bytes()] {
            let forged = Signer::Secret(secret);
            for name in ["HS256", signer.name()] {
                let token = forged.token(&json!({"alg": name, "kid": "ours"}), &claims);
                house.stranger.bearer(&token).get("/auth/me").await.problem(401);
            }
        }
        assert_eq!(issuer.heard().len(), 1, "an unknown name is asked for once a minute at most");
    }
}

#[actix_web::test]
async fn a_token_without_a_name_is_checked_by_the_only_key_that_there_is() {
    let (signer, other) = (Signer::ed25519(), Signer::ed25519());
    let claims = claims("first@example.org", 600);
    for (keys, status) in
        [(vec![signer.published("ours")], 200), (vec![signer.published("ours"), other.published("other")], 401)]
    {
        let issuer = Receiver::start(set(&keys)).await;
        let Some(house) = house_of(Algorithm::EdDsa, &issuer.url).await else { return };
        assert_eq!(house.stranger.bearer(&signer.sound(&claims)).get("/auth/me").await.status, status);
    }
}

#[actix_web::test]
async fn an_issuer_that_is_away_or_answers_nonsense_holds_up_nobody_else() {
    let signer = Signer::ed25519();
    let token = signer.sound(&claims("first@example.org", 600));
    for answering in [
        Answering::Status(500),
        Answering::Flood(300 * 1_024),
        Answering::Redirect("http://127.0.0.1:1/".to_owned()),
        Answering::Json(json!({"keys": [Signer::p256().published("ours")]})),
        Answering::Json(json!([])),
    ] {
        let issuer = Receiver::start(answering).await;
        let Some(house) = house_of(Algorithm::EdDsa, &issuer.url).await else { return };
        let refused = house.stranger.bearer(&token).get("/auth/me").await;
        assert!(refused.problem(503).contains("issuer"), "{}", refused.text());
        assert!(refused.header("retry-after").is_some());
        issuer.answer(set(&[signer.published("ours")]));
        house.stranger.bearer(&token).get("/auth/me").await.problem(503);
        assert_eq!(issuer.heard().len(), 1, "it is not asked again at once");
        assert_eq!(house.client.get("/auth/me").await.status, 200);
    }
    let issuer = Receiver::start(Answering::Hang).await;
    let Some(house) = house_of(Algorithm::EdDsa, &issuer.url).await else { return };
    let outside = house.stranger.bearer(&token);
    let waiting = actix_web::rt::spawn(async move { outside.get("/auth/me").await });
    issuer.until_heard(1).await;
    assert_eq!(house.client.get("/auth/me").await.status, 200);
    assert!(!waiting.is_finished(), "the issuer has not answered yet");
    waiting.await.expect("an answer").problem(503);
}

#[actix_web::test]
async fn keys_are_never_fetched_from_a_private_address_unless_that_is_allowed() {
    let issuer = Receiver::start(set(&[Signer::ed25519().published("ours")])).await;
    for url in [issuer.url.clone(), issuer.url.replace("127.0.0.1", "localhost")] {
        let settings = gleaner::issuer::Settings {
            issuer: "https://issuer.test".to_owned(),
            audience: "gleaner".to_owned(),
            algorithm: Algorithm::EdDsa,
            source: Source::Address(url),
            email_claim: "email".to_owned(),
            org_claim: None,
            allow_private: false,
        };
        let refused = gleaner::issuer::Issuer::new(settings).count_keys().await.expect_err("refused");
        assert!(refused.contains("no address of the public Internet"), "{refused}");
    }
    assert!(issuer.heard().is_empty());
}
