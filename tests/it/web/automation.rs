//! An organisation's settings, presets and templates over HTTP, and the runs that are made of them.

use serde_json::{Value, json};

use super::house::House;
use super::wire::{Client, Reply};

async fn patch(client: &Client, path: &str, body: &Value) -> Reply {
    client.send("PATCH", path, Some(&body.to_string())).await
}

/// Makes something and answers its path.
async fn made(house: &House, path: &str, body: Value) -> String {
    let reply = house.client.post(path, Some(&body)).await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    let location = reply.header("location").expect("where it is").to_owned();
    assert_eq!(house.client.get(&location).await.json(), reply.json());
    location
}

fn id(location: &str) -> &str {
    location.rsplit('/').next().expect("an id")
}

#[actix_web::test]
async fn what_an_organisation_chooses_holds_for_its_runs_and_for_nobody_elses() {
    let Some(house) = House::still().await else { return };
    let before = house.client.get("/collection/settings").await.json();
    assert_eq!((&before["overrides"], &before["settings"]["workers"]), (&json!({}), &json!(5)));
    let body = json!({"settings": {"workers": 9, "request_budget": 500}});
    let changed = patch(&house.client, "/collection/settings", &body).await;
    assert_eq!(changed.status, 200, "{}", changed.text());
    let shown = house.client.get("/collection/settings").await.json();
    assert_eq!(shown, changed.json());
    assert_eq!(shown["overrides"], json!({"workers": 9, "request_budget": 500}));
    let run = house.run().await;
    assert_eq!(house.look(&run).await["settings"]["workers"], 9);
    let defaults = house.client.get("/amazon/categories").await.json()["settings_defaults"].clone();
    assert_eq!((&defaults["workers"], &defaults["request_budget"]), (&json!(9), &json!(500)));
    let foreigner = house.foreigner().await;
    assert_eq!(foreigner.get("/collection/settings").await.json()["settings"]["workers"], 5);

    let back = patch(&house.client, "/collection/settings", &json!({"reset": ["request_budget"]})).await.json();
    assert_eq!(back["overrides"], json!({"workers": 9}));
    assert_eq!(back["settings"]["request_budget"], Value::Null);
}

#[actix_web::test]
async fn settings_that_cannot_be_taken_are_named_and_change_nothing() {
    let Some(house) = House::still().await else { return };
    for (body, words) in [
        (json!({"settings": {"workers": 65}}), ["settings.workers", "1 to 64"]),
        (json!({"settings": {"wrokers": 5}}), ["settings.wrokers", "known are"]),
        (json!({"settings": []}), ["settings", "an object"]),
        (json!({"reset": ["wrokers"]}), ["reset[0]", "known are"]),
        (json!({"reset": "workers"}), ["reset", "a list"]),
        (json!({"settings": {"workers": 4}, "reset": ["workers"]}), ["reset[0]", "one of both"]),
        (json!({"workers": 4}), ["workers", "settings, reset"]),
    ] {
        let said = patch(&house.client, "/collection/settings", &body).await.problem(422);
        assert!(words.iter().all(|word| said.contains(word)), "{body}: {said}");
    }
    assert_eq!(house.client.get("/collection/settings").await.json()["overrides"], json!({}));
}

#[actix_web::test]
async fn a_run_is_made_of_a_preset_or_a_template_in_place_of_categories() {
    let Some(house) = House::still().await else { return };
    let ids = json!(["category-2", "category-0"]);
    let preset = made(&house, "/amazon/presets", json!({"name": "Bright", "category_ids": ids})).await;
    let body = json!({"name": "Careful", "preset_id": id(&preset), "settings": {"workers": 2, "max_attempts": 9}});
    let template = made(&house, "/collection/templates", body).await;

    let run = house.client.post("/collection/runs", Some(&json!({"preset_id": id(&preset)}))).await.json();
    assert_eq!(
        (&run["name"], &run["categories_total"], &run["settings"]["workers"]),
        (&json!("Bright"), &json!(2), &json!(5))
    );
    let body = json!({"template_id": id(&template), "settings": {"workers": 3}});
    let estimate = house.client.post("/collection/estimate", Some(&body)).await;
    assert_eq!(estimate.status, 200, "an estimate takes what a run takes: {}", estimate.text());
    let run = house.client.post("/collection/runs", Some(&body)).await.json();
    assert_eq!((&run["name"], &run["categories_total"]), (&json!("Careful"), &json!(2)));
    assert_eq!((&run["settings"]["workers"], &run["settings"]["max_attempts"]), (&json!(3), &json!(9)));

    let fewer = json!({"category_ids": ["category-1"], "name": "Dim"});
    assert_eq!(patch(&house.client, &preset, &fewer).await.json()["name"], "Dim");
    let run = house.client.post("/collection/runs", Some(&json!({"template_id": id(&template)}))).await.json();
    assert_eq!(run["categories_total"], 1, "a preset is taken as it is when the run is made");
    let own = json!({"category_ids": ["category-0"], "settings": {}});
    let changed = patch(&house.client, &template, &own).await.json();
    assert_eq!((&changed["preset_id"], &changed["settings"]), (&Value::Null, &json!({})));
    assert_eq!((&changed["category_ids"], &changed["name"]), (&json!(["category-0"]), &json!("Careful")));
}

#[actix_web::test]
async fn what_something_stands_on_is_not_removed_and_says_what_stands_on_it() {
    let Some(house) = House::still().await else { return };
    let preset = made(&house, "/amazon/presets", json!({"name": "Bright", "category_ids": ["category-0"]})).await;
    let body = json!({"name": "Careful", "preset_id": id(&preset)});
    let template = made(&house, "/collection/templates", body).await;
    let body = json!({"name": "Nightly", "cron": "0 3 * * *", "template_id": id(&template)});
    let schedule = made(&house, "/collection/schedules", body).await;
    for (path, words) in [(&preset, "the template \"Careful\""), (&template, "the schedule \"Nightly\"")] {
        let said = house.client.send("DELETE", path, None).await.problem(409);
        assert!(said.contains(words), "{said}");
        assert_eq!(house.client.get(path).await.status, 200);
    }
    for path in [&schedule, &template, &preset] {
        assert_eq!(house.client.send("DELETE", path, None).await.status, 204);
        house.client.get(path).await.problem(404);
        house.client.send("DELETE", path, None).await.problem(404);
    }
}

#[actix_web::test]
async fn presets_and_templates_that_cannot_be_taken_are_named_and_nothing_is_made() {
    let Some(house) = House::still().await else { return };
    let preset = made(&house, "/amazon/presets", json!({"name": "Bright", "category_ids": ["category-0"]})).await;
    let unknown = "00000000-0000-7000-8000-000000000000";
    let long = "x".repeat(10_000);
    for (path, body, words) in [
        ("/amazon/presets", json!({"category_ids": ["category-0"]}), ["name", "is missing"]),
        ("/amazon/presets", json!({"name": "  ", "category_ids": ["category-0"]}), ["name", "1 to 200"]),
        ("/amazon/presets", json!({"name": long, "category_ids": ["category-0"]}), ["name", "1 to 200"]),
        ("/amazon/presets", json!({"name": "a\u{0}", "category_ids": ["category-0"]}), ["name", "control"]),
        ("/amazon/presets", json!({"name": "Bright", "category_ids": ["category-0"]}), ["name", "another preset"]),
        ("/amazon/presets", json!({"name": "Dim"}), ["category_ids", "is missing"]),
        ("/amazon/presets", json!({"name": "Dim", "category_ids": []}), ["category_ids", "one or more"]),
        ("/amazon/presets", json!({"name": "Dim", "category_ids": ["a\u{0}"]}), ["category_ids[0]", "no category"]),
        (
            "/amazon/presets",
            json!({"name": "Dim", "category_ids": ["category-0", "x"]}),
            ["category_ids[1]", "no category"],
        ),
        ("/collection/templates", json!({"name": "T"}), ["category_ids", "preset_id"]),
        ("/collection/templates", json!({"name": "T", "preset_id": unknown}), ["preset_id", "GET /amazon/presets"]),
        ("/collection/templates", json!({"name": "T", "preset_id": 7}), ["preset_id", "is a number"]),
        ("/collection/templates", json!({"name": "T", "template_id": unknown}), ["template_id", "no such field"]),
        (
            "/collection/templates",
            json!({"name": "T", "preset_id": id(&preset), "category_ids": ["category-0"]}),
            ["preset_id", "beside category_ids"],
        ),
        (
            "/collection/templates",
            json!({"name": "T", "preset_id": id(&preset), "settings": {"workers": 0}}),
            ["settings.workers", "1 to 64"],
        ),
        ("/collection/runs", json!({"preset_id": unknown}), ["preset_id", "GET /amazon/presets"]),
        ("/collection/runs", json!({"template_id": unknown}), ["template_id", "GET /collection/templates"]),
        (
            "/collection/runs",
            json!({"template_id": unknown, "preset_id": unknown}),
            ["template_id", "beside preset_id"],
        ),
    ] {
        let said = house.client.post(path, Some(&body)).await.problem(422);
        assert!(words.iter().all(|word| said.contains(word)), "{path} {body:.80}: {said}");
    }
    let said = patch(&house.client, &preset, &json!({"category_ids": ["x"], "nmae": "y"})).await.problem(422);
    assert!(said.contains("nmae"), "{said}");
    assert_eq!(house.client.get("/amazon/presets").await.json()["items"].as_array().expect("a list").len(), 1);
    assert_eq!(house.client.get("/collection/templates").await.json()["items"], json!([]));
    assert_eq!(house.client.get(&preset).await.json()["name"], "Bright");
    assert_eq!(house.runs().await, 0);
}

#[actix_web::test]
async fn lists_of_presets_go_on_where_they_stopped_and_refuse_another_lists_cursor() {
    let Some(house) = House::still().await else { return };
    for name in ["a", "b", "c"] {
        made(&house, "/amazon/presets", json!({"name": name, "category_ids": ["category-0"]})).await;
    }
    let first = house.client.get("/amazon/presets?limit=2").await.json();
    let cursor = first["next_cursor"].as_str().expect("another page");
    let second = house.client.get(&format!("/amazon/presets?limit=2&cursor={cursor}")).await.json();
    let items = first["items"].as_array().into_iter().chain(second["items"].as_array()).flatten();
    assert_eq!(items.map(|item| item["name"].as_str().expect("a name")).collect::<Vec<_>>(), ["a", "b", "c"]);
    assert_eq!(second["next_cursor"], Value::Null);
    house.client.get(&format!("/collection/templates?cursor={cursor}")).await.problem(400);
}

#[actix_web::test]
async fn another_organisations_presets_and_templates_cannot_be_told_from_unknown_ones() {
    let Some(house) = House::still().await else { return };
    let preset = made(&house, "/amazon/presets", json!({"name": "Bright", "category_ids": ["category-0"]})).await;
    let template = made(&house, "/collection/templates", json!({"name": "T", "preset_id": id(&preset)})).await;
    let foreigner = house.foreigner().await;
    let unknown = "00000000-0000-7000-8000-000000000000";
    for path in [&preset, &template] {
        for method in ["GET", "PATCH", "DELETE"] {
            let body = (method == "PATCH").then_some(r#"{"name": "Mine"}"#);
            let theirs = foreigner.send(method, path, body).await;
            theirs.problem(404);
            let nobodys = house.client.send(method, &path.replace(id(path), unknown), body).await;
            assert_eq!(theirs.body, nobodys.body, "{method} {path}");
            house.stranger.send(method, path, body).await.problem(401);
        }
        assert_eq!(house.client.get(path).await.status, 200);
    }
    for body in [json!({"preset_id": id(&preset)}), json!({"template_id": id(&template)})] {
        foreigner.post("/collection/runs", Some(&body)).await.problem(422);
    }
    assert_eq!(foreigner.get("/amazon/presets").await.json()["items"], json!([]));
    let taken = json!({"name": "Bright", "category_ids": ["category-0"]});
    assert_eq!(foreigner.post("/amazon/presets", Some(&taken)).await.status, 201, "names are an organisation's own");
}
