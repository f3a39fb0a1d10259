//! What people ask of an organisation with a long past: every list, each of its sorts and filters, common needles and rare
//! ones, the beginning of time and its end. Names and words are those of [`super::filled`].

/// Ids that questions name, as the lists themselves tell them.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Runs, the newest first.
    pub runs: Vec<String>,
    /// Entries of the history, the newest first.
    pub newest_entries: Vec<String>,
    /// Entries of its first days, the newest first.
    pub oldest_entries: Vec<String>,
    /// A seller.
    pub seller: String,
    /// A moment soon after the beginning, one in the middle, and one shortly before the end.
    pub moments: [String; 3],
}

/// A question: the route that it is to, and the path.
pub type Question = (&'static str, String);

const SORTS: [&str; 6] = ["name", "first_seen", "last_seen", "times_seen", "products_matched", "best_price_position"];

/// All of them.
pub fn questions(known: &Known) -> Vec<Question> {
    let mut all = sellers(known);
    all.extend(history(known));
    all.extend(runs(known));
    all.extend(audit_log(known));
    all
}

/// Filters of the list of sellers: each alone, and several that have little to do with each other.
fn filters(known: &Known) -> Vec<String> {
    let [early, middle, late] = &known.moments;
    let run = known.runs.get(known.runs.len() / 2).cloned().unwrap_or_default();
    let mut filters: Vec<String> = [
        "",
        "q=shop",
        "q=store_",
        "q=zebra",
        "q=zebra_qq",
        "q=nobody-has-this",
        "q=s",
        "q=zz",
        "q=sh",
        "q=vintage.gold_",
        "flagged=true",
        "flagged=false",
        "tag=wholesale",
        "tag=rare",
        "tag=nobody",
        "times_seen_min=2",
        "times_seen_min=50",
        "times_seen_min=100000",
        "feedback_min=100",
        "feedback_min=98.5",
        "feedback_min=0",
        "q=shop&status=approved",
        "q=zebra&flagged=true",
        "q=deals&tag=wholesale",
        "q=deals&tag=rare",
        "flagged=true&status=rejected",
        "flagged=true&tag=wholesale",
        "status=approved&times_seen_min=50",
        "status=approved&feedback_min=100",
        "feedback_min=100&times_seen_min=50",
        "status=rejected&tag=rare",
    ]
    .map(str::to_owned)
    .into();
    filters.extend(["new", "reviewing", "contacted", "approved", "rejected"].map(|status| format!("status={status}")));
    filters.push(format!("new_in_run={run}"));
    filters.push(format!("new_in_run={run}&status=approved"));
    filters.push(format!("new_in_run={run}&q=shop"));
    filters.push(format!("to={early}"));
    filters.push(format!("from={late}"));
    filters.push(format!("from={middle}&to={late}"));
    filters.push(format!("from={late}&status=approved"));
    filters.push(format!("to={early}&flagged=true"));
    filters.push(format!("from={early}&to={middle}&tag=wholesale"));
    filters
}

fn sellers(known: &Known) -> Vec<Question> {
    let mut all = vec![
        ("GET /sellers/{id}", format!("/sellers/{}", known.seller)),
        ("GET /sellers/{id}/history", format!("/sellers/{}/history", known.seller)),
    ];
    for filter in filters(known) {
        for sort in SORTS {
            for order in ["asc", "desc"] {
                all.push(("GET /sellers", format!("/sellers?sort={sort}&order={order}&{filter}")));
            }
        }
    }
    for filter in ["", "q=shop", "q=zebra", "q=sh", "q=nobody-has-this", "flagged=true", "status=approved", "tag=rare"]
    {
        for order in ["asc", "desc"] {
            for state in ["removed", "excluded"] {
                all.push(("GET /sellers", format!("/sellers?state={state}&order={order}&{filter}")));
            }
        }
    }
    all.push(("GET /sellers/new", "/sellers/new".to_owned()));
    all
}

fn history(known: &Known) -> Vec<Question> {
    let [early, middle, late] = &known.moments;
    let mut all = Vec::new();
    let spans = ["".to_owned(), format!("to={early}"), format!("from={late}"), format!("from={early}&to={middle}")];
    for span in &spans {
        for kind in ["", "kind=runs&", "kind=edits&", "kind=exports&", "kind=flags&", "kind=imports&"] {
            all.push(("GET /history", format!("/history?{kind}{span}")));
        }
        for action in
            ["add", "edit", "remove", "restore", "flag", "unflag", "export", "import", "collection_run", "reparse"]
        {
            all.push(("GET /sellers/audit-log", format!("/sellers/audit-log?action={action}&{span}")));
        }
    }
    let points = known.oldest_entries.last().into_iter().chain(known.oldest_entries.first());
    let points: Vec<&String> = points.chain(known.newest_entries.last()).chain(known.newest_entries.first()).collect();
    for entry in &points {
        all.push(("GET /sellers/audit-log/{id}/sellers", format!("/sellers/audit-log/{entry}/sellers")));
        all.push(("GET /sellers/audit-log/{id}/diff", format!("/sellers/audit-log/{entry}/diff")));
    }
    for from in &points {
        for to in &points {
            all.push(("GET /history/diff", format!("/history/diff?from={from}&to={to}")));
        }
    }
    all
}

fn runs(known: &Known) -> Vec<Question> {
    let [early, middle, late] = &known.moments;
    let mut all = Vec::new();
    for status in ["", "pending", "running", "paused", "completed", "failed", "cancelled"] {
        all.push(("GET /collection/runs", format!("/collection/runs?status={status}")));
    }
    for status in ["", "completed", "failed", "cancelled"] {
        for span in ["".to_owned(), format!("to={early}"), format!("from={late}"), format!("from={early}&to={middle}")]
        {
            all.push(("GET /collection/runs/history", format!("/collection/runs/history?status={status}&{span}")));
        }
    }
    let Some(newest) = known.runs.first() else { return all };
    let run = |rest: &str| format!("/collection/runs/{newest}{rest}");
    all.push(("GET /collection/runs/{id}", run("")));
    all.push(("GET /collection/runs/{id}/progress", run("/progress")));
    for status in ["", "pending", "claimed", "done", "failed", "skipped"] {
        for phase in ["", "amazon", "ebay"] {
            all.push(("GET /collection/runs/{id}/tasks", run(&format!("/tasks?status={status}&phase={phase}"))));
        }
    }
    all.push(("GET /collection/runs/{id}/items", run("/items")));
    all.push(("GET /collection/runs/{id}/sellers", run("/sellers")));
    for after in [0, 1_000, 1_000_000_000] {
        all.push(("GET /collection/runs/{id}/events", run(&format!("/events?after={after}"))));
    }
    for run in known.runs.iter().skip(1).step_by(known.runs.len().div_ceil(3)) {
        for status in ["", "done", "empty", "failed", "skipped", "open"] {
            let path = format!("/collection/runs/{run}/coverage?status={status}");
            all.push(("GET /collection/runs/{id}/coverage", path));
        }
    }
    all
}

fn audit_log(known: &Known) -> Vec<Question> {
    let [early, middle, late] = &known.moments;
    let run = known.runs.last().cloned().unwrap_or_default();
    let mut all = Vec::new();
    let filters = [
        "".to_owned(),
        "action=sellers.flag".to_owned(),
        "action=webhooks.remove".to_owned(),
        "action=nobody.does".to_owned(),
        "user=00000000-0000-7000-8000-000000000000".to_owned(),
        format!("subject=runs/{run}"),
        "subject=nothing".to_owned(),
    ];
    for filter in filters {
        for span in ["".to_owned(), format!("to={early}"), format!("from={late}"), format!("from={early}&to={middle}")]
        {
            all.push(("GET /audit-log", format!("/audit-log?{filter}&{span}")));
        }
    }
    all
}
