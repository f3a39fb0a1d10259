//! Notices: what organisations are told of, in words for people and in one form for programs.

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::delivery::Form;
use super::ids::RunId;
use super::run::{FailReason, Pause};

/// Share of a budget at which its end is near, in percent.
const NEAR_PERCENT: i128 = 80;
/// Most characters of an error that a notice repeats.
const ERROR_CHARS_MAX: usize = 500;

/// What can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeEvent {
    /// A run stands still.
    RunPaused,
    /// A run has done all that it could.
    RunCompleted,
    /// A run came to nothing.
    RunFailed,
    /// A run was cancelled.
    RunCancelled,
    /// A run has sent most of the requests that it may.
    BudgetNear,
    /// The runs of an organisation have drawn most of the requests of its month.
    MonthNear,
    /// A run ended that found sellers which were not in the registry.
    SellersNew,
    /// A schedule did not start its run.
    ScheduleMissed,
    /// Somebody wants to see whether notices arrive.
    Test,
}

impl NoticeEvent {
    /// Those that can be asked for; a test comes without.
    pub const ALL: [Self; 8] = [
        Self::RunPaused,
        Self::RunCompleted,
        Self::RunFailed,
        Self::RunCancelled,
        Self::BudgetNear,
        Self::MonthNear,
        Self::SellersNew,
        Self::ScheduleMissed,
    ];

    /// Its name on the wire and in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RunPaused => "run.paused",
            Self::RunCompleted => "run.completed",
            Self::RunFailed => "run.failed",
            Self::RunCancelled => "run.cancelled",
            Self::BudgetNear => "budget.near",
            Self::MonthNear => "budget.month_near",
            Self::SellersNew => "sellers.new",
            Self::ScheduleMissed => "schedule.missed",
            Self::Test => "test",
        }
    }

    /// The event of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().chain([Self::Test]).find(|event| event.as_str() == name)
    }
}

/// What is told of a run: its row when it happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunFacts {
    /// The run.
    pub run_id: RunId,
    /// Its number within the organisation.
    pub run_number: i32,
    /// Its name.
    pub run_name: String,
    /// Distinct sellers that it saw.
    pub sellers_found: i64,
    /// Those of them that were new to the registry.
    pub sellers_new: i64,
    /// Requests that were answered.
    pub requests_made: i64,
    /// Requests that it has sent, those on the wire with them: what its budget goes by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests_sent: Option<i64>,
    /// Requests that it may send.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_budget: Option<i64>,
    /// Why it stands still.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause: Option<Pause>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fail_reason: Option<FailReason>,
    /// Why it failed, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fail_message: Option<String>,
    /// Where `GET /sellers/new` goes on to answer the new ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

impl RunFacts {
    /// What a person should do next, where the run stands still or failed.
    fn what_to_do(&self) -> Option<&'static str> {
        self.pause.as_ref().map(Pause::what_to_do).or(self.fail_reason.map(FailReason::what_to_do))
    }

    /// Requests that it has sent, as far as that was written down.
    fn sent(&self) -> i64 {
        self.requests_sent.unwrap_or(self.requests_made)
    }
}

/// What is told of a month's budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MonthFacts {
    /// Its first day.
    pub month: NaiveDate,
    /// Requests that it allows.
    pub allowed: i64,
    /// Requests that all runs together have drawn of it.
    pub drawn: i64,
}

/// What is told of a schedule that did not start its run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleFacts {
    /// The schedule.
    pub schedule_id: Uuid,
    /// Its name.
    pub schedule_name: String,
    /// When its run was due.
    pub due_at: DateTime<Utc>,
    /// Why it did not start, in words.
    pub reason: String,
}

/// One thing to be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data")]
pub enum Notice {
    /// A run stands still.
    #[serde(rename = "run.paused")]
    RunPaused(RunFacts),
    /// A run has done all that it could.
    #[serde(rename = "run.completed")]
    RunCompleted(RunFacts),
    /// A run came to nothing.
    #[serde(rename = "run.failed")]
    RunFailed(RunFacts),
    /// A run was cancelled.
    #[serde(rename = "run.cancelled")]
    RunCancelled(RunFacts),
    /// A run has sent most of the requests that it may.
    #[serde(rename = "budget.near")]
    BudgetNear(RunFacts),
    /// The runs of an organisation have drawn most of the requests of its month.
    #[serde(rename = "budget.month_near")]
    MonthNear(MonthFacts),
    /// A run ended that found sellers which were not in the registry.
    #[serde(rename = "sellers.new")]
    SellersNew(RunFacts),
    /// A schedule did not start its run.
    #[serde(rename = "schedule.missed")]
    ScheduleMissed(ScheduleFacts),
    /// Somebody wants to see whether notices arrive.
    #[serde(rename = "test")]
    Test {},
}

/// What is sent of a notice, and said of it where there is no room for all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// One line.
    pub subject: String,
    /// What is sent.
    pub body: String,
}

impl Notice {
    /// What kind it is.
    #[must_use]
    pub fn event(&self) -> NoticeEvent {
        match self {
            Self::RunPaused(_) => NoticeEvent::RunPaused,
            Self::RunCompleted(_) => NoticeEvent::RunCompleted,
            Self::RunFailed(_) => NoticeEvent::RunFailed,
            Self::RunCancelled(_) => NoticeEvent::RunCancelled,
            Self::BudgetNear(_) => NoticeEvent::BudgetNear,
            Self::MonthNear(_) => NoticeEvent::MonthNear,
            Self::SellersNew(_) => NoticeEvent::SellersNew,
            Self::ScheduleMissed(_) => NoticeEvent::ScheduleMissed,
            Self::Test {} => NoticeEvent::Test,
        }
    }

    /// The notice of this kind with these facts; `None` where they do not fit.
    #[must_use]
    pub fn from_facts(event: &str, facts: &Value) -> Option<Self> {
        serde_json::from_value(json!({"type": event, "data": facts})).ok()
    }

    /// Its facts as they are kept.
    #[must_use]
    pub fn facts(&self) -> Value {
        // Made of texts, numbers and times: writing it as JSON cannot fail.
        serde_json::to_value(self).unwrap_or_default().get_mut("data").map(Value::take).unwrap_or_default()
    }

    /// What a person should do next, where a run stands still or failed.
    fn what_to_do(&self) -> Option<&'static str> {
        match self {
            Self::RunPaused(facts) | Self::RunFailed(facts) => facts.what_to_do(),
            _ => None,
        }
    }

    /// For programs: what happened, when, its facts, and what to do about it where somebody has to.
    fn for_programs(&self, at: DateTime<Utc>, link: Option<&str>) -> Letter {
        let mut data = self.facts();
        if let (Some(words), Some(facts)) = (self.what_to_do(), data.as_object_mut()) {
            facts.insert("what_to_do".to_owned(), words.into());
        }
        let body = json!({
            "type": self.event().as_str(),
            "timestamp": at.to_rfc3339_opts(SecondsFormat::Millis, true),
            "data": data,
            "link": link,
        });
        Letter { subject: self.subject(), body: body.to_string() }
    }

    /// What is sent of it in this form; `base_url` is where Gleaner is reached. Without one there is no link, which is better
    /// than one that leads whoever reads it to their own machine.
    #[must_use]
    pub fn letter(&self, form: Form, at: DateTime<Utc>, base_url: Option<&str>) -> Letter {
        let link = base_url.map(|base| format!("{}{}", base.trim_end_matches('/'), self.path()));
        match form {
            Form::Generic => self.for_programs(at, link.as_deref()),
            Form::Chat => self.for_chat(link.as_deref()),
            Form::Email => self.for_mail(at, link.as_deref()),
        }
    }

    /// In the form that chat services take.
    fn for_chat(&self, link: Option<&str>) -> Letter {
        let (subject, link) = (self.subject(), link.map(|link| format!("\n{link}")).unwrap_or_default());
        let body = json!({"text": format!("{subject}\n{}{link}", self.details())}).to_string();
        Letter { subject, body }
    }

    /// For people, as the text of a mail.
    fn for_mail(&self, at: DateTime<Utc>, link: Option<&str>) -> Letter {
        let (subject, link) = (self.subject(), link.map(|link| format!("{link}\n")).unwrap_or_default());
        let at = at.format("%Y-%m-%d %H:%M UTC");
        let body = format!("{subject}\n\n{}\n\n{at}\n{link}", self.details());
        Letter { subject, body }
    }

    /// The path of what it tells of.
    fn path(&self) -> String {
        match self {
            Self::SellersNew(facts) => {
                let cursor = facts.cursor.as_deref().map(|cursor| format!("?cursor={cursor}"));
                format!("/sellers/new{}", cursor.unwrap_or_default())
            }
            Self::RunPaused(facts)
            | Self::RunCompleted(facts)
            | Self::RunFailed(facts)
            | Self::RunCancelled(facts)
            | Self::BudgetNear(facts) => format!("/admin/runs/{}", facts.run_id),
            Self::MonthNear(_) | Self::ScheduleMissed(_) | Self::Test {} => "/".to_owned(),
        }
    }

    /// In one line. A name may hold anything but control characters, which no line of a mail's head takes.
    fn subject(&self) -> String {
        let of = |facts: &RunFacts, what: &str| format!("Run {} \"{}\" {what}", facts.run_number, facts.run_name);
        let line = match self {
            Self::RunPaused(facts) => {
                let reason = facts.pause.as_ref().map(|pause| format!(" ({})", pause.reason.as_str()));
                of(facts, &format!("is paused{}", reason.unwrap_or_default()))
            }
            Self::RunCompleted(facts) => of(facts, "is completed"),
            Self::RunFailed(facts) => of(facts, "has failed"),
            Self::RunCancelled(facts) => of(facts, "is cancelled"),
            Self::BudgetNear(facts) => of(facts, &format!("has sent {NEAR_PERCENT} % of its budget")),
            Self::MonthNear(_) => format!("{NEAR_PERCENT} % of this month's requests are drawn"),
            Self::SellersNew(facts) => of(facts, &format!("found {} new sellers", facts.sellers_new)),
            Self::ScheduleMissed(facts) => format!("The schedule \"{}\" did not start its run", facts.schedule_name),
            Self::Test {} => "A test from Gleaner".to_owned(),
        };
        line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
    }

    fn details(&self) -> String {
        let counts = |facts: &RunFacts| {
            let (found, new, made) = (facts.sellers_found, facts.sellers_new, facts.requests_made);
            format!("{found} sellers found, {new} of them new, {made} requests.")
        };
        match self {
            Self::RunPaused(facts) => match &facts.pause {
                Some(pause) => {
                    let error = pause.error.as_deref().map(|error| format!("{}\n", cut(error))).unwrap_or_default();
                    format!("{error}{}\n{}", pause.what_to_do(), counts(facts))
                }
                None => counts(facts),
            },
            Self::RunFailed(facts) => {
                let why = facts.fail_message.as_deref().map(|why| format!("{}\n", cut(why))).unwrap_or_default();
                let advice = facts.what_to_do().map(|words| format!("{words}\n")).unwrap_or_default();
                format!("{why}{advice}{}", counts(facts))
            }
            Self::BudgetNear(facts) => {
                let (sent, found, new) = (facts.sent(), facts.sellers_found, facts.sellers_new);
                let budget = facts.request_budget.unwrap_or_default();
                format!(
                    "It has sent {sent} of the {budget} requests that it may send, and pauses then. {found} sellers found, \
                     {new} of them new."
                )
            }
            Self::MonthNear(facts) => {
                let (drawn, allowed) = (facts.drawn, facts.allowed);
                format!("Runs have drawn {drawn} requests of {allowed}; they pause when none is left.")
            }
            Self::RunCompleted(facts) | Self::RunCancelled(facts) | Self::SellersNew(facts) => counts(facts),
            Self::ScheduleMissed(facts) => {
                format!("It was due at {}: {}", facts.due_at.format("%Y-%m-%d %H:%M UTC"), cut(&facts.reason))
            }
            Self::Test {} => "Notices arrive here.".to_owned(),
        }
    }
}

/// Whether a budget's end came near between these two counts of requests: told once, by whoever passes the mark.
#[must_use]
pub fn comes_near(budget: i64, before: i64, after: i64) -> bool {
    is_near(budget, after) && !is_near(budget, before)
}

/// Whether a budget's end is near at this count of requests.
#[must_use]
pub fn is_near(budget: i64, sent: i64) -> bool {
    budget > 0 && i128::from(sent) * 100 >= i128::from(budget) * NEAR_PERCENT
}

fn cut(text: &str) -> String {
    let cut: String = text.chars().take(ERROR_CHARS_MAX).collect();
    if cut.len() < text.len() { format!("{cut}...") } else { cut }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::run::PauseReason;
    use proptest::prelude::*;

    fn facts() -> RunFacts {
        RunFacts {
            run_id: RunId(Uuid::nil()),
            run_number: 7,
            run_name: "Lamps\r\nBcc: all@example.org".to_owned(),
            sellers_found: 12,
            sellers_new: 3,
            requests_made: 78,
            requests_sent: Some(81),
            request_budget: Some(100),
            pause: None,
            fail_reason: None,
            fail_message: None,
            cursor: None,
        }
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        for event in NoticeEvent::ALL.into_iter().chain([NoticeEvent::Test]) {
            assert_eq!(NoticeEvent::parse(event.as_str()), Some(event));
        }
    }

    #[test]
    fn a_notice_is_read_back_from_its_facts() {
        let mut paused = facts();
        paused.pause = Some(Pause::of(PauseReason::RateLimited, DateTime::UNIX_EPOCH));
        for notice in [Notice::RunPaused(paused), Notice::SellersNew(facts()), Notice::Test {}] {
            assert_eq!(Notice::from_facts(notice.event().as_str(), &notice.facts()), Some(notice));
        }
    }

    #[test]
    fn people_read_what_happened_what_to_do_and_where() {
        let mut paused = facts();
        paused.pause = Some(Pause::of(PauseReason::RateLimited, DateTime::UNIX_EPOCH));
        let letter = Notice::RunPaused(paused).for_mail(DateTime::UNIX_EPOCH, Some("http://gleaner.test/runs/1"));
        for words in ["is paused (rate_limited)", "then resume", "12 sellers found", "http://gleaner.test/runs/1"] {
            assert!(letter.body.contains(words), "{}", letter.body);
        }
        assert!(!letter.subject.chars().any(char::is_control), "{:?}", letter.subject);
    }

    #[test]
    fn a_chat_gets_one_text_and_a_program_all_facts() {
        let chat = Notice::SellersNew(facts()).for_chat(Some("http://gleaner.test/sellers/new"));
        let chat: Value = serde_json::from_str(&chat.body).expect("JSON");
        assert!(chat["text"].as_str().is_some_and(|text| text.contains("found 3 new sellers")), "{chat}");
        let program = Notice::SellersNew(facts()).for_programs(DateTime::UNIX_EPOCH, Some("http://gleaner.test/x"));
        let program: Value = serde_json::from_str(&program.body).expect("JSON");
        assert_eq!((&program["type"], &program["data"]["sellers_new"]), (&json!("sellers.new"), &json!(3)));
    }

    #[test]
    fn whoever_is_told_of_a_pause_or_a_failure_is_told_what_to_do_in_every_form() {
        let paused = RunFacts { pause: Some(Pause::of(PauseReason::RateLimited, DateTime::UNIX_EPOCH)), ..facts() };
        let failed = RunFacts { fail_reason: Some(FailReason::NothingSucceeded), ..facts() };
        for (notice, words) in
            [(Notice::RunPaused(paused), "then resume"), (Notice::RunFailed(failed), "retry the failed")]
        {
            for form in [Form::Generic, Form::Chat, Form::Email] {
                let body = notice.letter(form, DateTime::UNIX_EPOCH, Some("http://gleaner.test")).body;
                assert!(body.contains(words), "{body}");
            }
            let program = notice.letter(Form::Generic, DateTime::UNIX_EPOCH, Some("http://gleaner.test"));
            let program: Value = serde_json::from_str(&program.body).expect("JSON");
            assert!(program["data"]["what_to_do"].as_str().is_some_and(|said| said.contains(words)), "{program}");
        }
        let completed =
            Notice::RunCompleted(facts()).letter(Form::Generic, DateTime::UNIX_EPOCH, Some("http://gleaner.test"));
        assert!(!completed.body.contains("what_to_do"), "there is nothing to do: {}", completed.body);
    }

    #[test]
    fn where_nobody_knows_how_gleaner_is_reached_a_notice_is_whole_without_a_link() {
        let notice = Notice::RunCompleted(facts());
        for form in [Form::Generic, Form::Chat, Form::Email] {
            let letter = notice.letter(form, DateTime::UNIX_EPOCH, None);
            assert!(letter.body.contains("12") && !letter.body.contains("/admin/runs"), "{}", letter.body);
        }
        let program = notice.letter(Form::Generic, DateTime::UNIX_EPOCH, None);
        let program: Value = serde_json::from_str(&program.body).expect("JSON");
        assert_eq!(program.get("link"), Some(&Value::Null), "the field is there: {program}");
        let mail = notice.letter(Form::Email, DateTime::UNIX_EPOCH, None).body;
        assert!(mail.ends_with("1970-01-01 00:00 UTC\n"), "{mail}");
    }

    #[test]
    fn a_budget_that_is_nearly_spent_is_told_with_what_was_sent_of_it() {
        let near = Notice::BudgetNear(facts()).for_mail(DateTime::UNIX_EPOCH, Some("http://gleaner.test/x"));
        assert!(near.body.contains("has sent 81 of the 100 requests"), "{}", near.body);
        assert!(!near.body.contains("78"), "answers that are kept are not what the budget goes by: {}", near.body);
    }

    proptest! {
        #[test]
        fn the_mark_is_passed_once_however_the_requests_are_counted(budget in 1_i64..1_000, steps in proptest::collection::vec(0_i64..50, 0..60)) {
            let (mut sent, mut told) = (0, 0);
            for step in steps {
                told += i64::from(comes_near(budget, sent, sent + step));
                sent += step;
            }
            prop_assert_eq!(told, i64::from(sent * 100 >= budget * 80));
        }
    }
}
