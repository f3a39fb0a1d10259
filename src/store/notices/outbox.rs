//! `notices`: what is to be told, written with the fact itself, so that neither is there without the other; and handing
//! it on to the webhooks that asked for it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use serde_json::Value;
use uuid::Uuid;

use super::deliveries::AddDeliveries;
use crate::clock::Clock;
use crate::domain::delivery::Form;
use crate::domain::ids::{OrgId, RunKey};
use crate::domain::notice::{Notice, NoticeEvent};
use crate::domain::run::RunStatus;
use crate::domain::seller::Arrival;
use crate::store::fragment::fragment;
use crate::store::loan::Loan;
use crate::store::schema::{notices, webhooks};
use crate::store::text::clean_json;
use crate::store::{PgStore, StoreError};

/// Notices that are handed on in one transaction.
const HANDED_ON_MAX: i64 = 50;

fragment! {
    /// What is to be told of a run, with its row as it is by now; nothing where nobody asked for it, or where no seller is
    /// new.
    pub(in crate::store) struct AddRunNotices {
        org: Uuid => SqlUuid,
        run: Uuid => SqlUuid,
        ids: Vec<Uuid> => Array<SqlUuid>,
        events: Vec<&'static str> => Array<Text>,
        sent: Option<i64> => Nullable<BigInt>,
        now: DateTime<Utc> => Timestamptz,
    }
    answers ();
    "INSERT INTO notices (org_id, id, event, facts, created_at) \
     SELECT r.org_id, n.id, n.event, jsonb_strip_nulls(jsonb_build_object('run_id', r.id, 'run_number', r.number, \
        'run_name', r.name, 'sellers_found', r.sellers_found, 'sellers_new', r.sellers_new, \
        'requests_made', r.requests_made, 'requests_sent', $sent, 'request_budget', r.settings -> 'request_budget', \
        'pause', r.pause, 'fail_reason', r.fail_reason, 'fail_message', r.fail_message)), $now \
     FROM collection_runs r CROSS JOIN unnest($ids, $events) AS n (id, event) \
     WHERE r.org_id = $org AND r.id = $run AND (n.event <> 'sellers.new' OR r.sellers_new > 0) \
        AND EXISTS (SELECT 1 FROM webhooks w WHERE w.org_id = $org AND w.enabled AND n.event = ANY (w.events))"
}

/// What is to be told of a run that takes on this status.
pub(in crate::store) fn events_of(status: RunStatus) -> Vec<NoticeEvent> {
    match status {
        RunStatus::Pending | RunStatus::Running => Vec::new(),
        RunStatus::Paused => vec![NoticeEvent::RunPaused],
        RunStatus::Completed => vec![NoticeEvent::RunCompleted, NoticeEvent::SellersNew],
        RunStatus::Failed => vec![NoticeEvent::RunFailed, NoticeEvent::SellersNew],
        RunStatus::Cancelled => vec![NoticeEvent::RunCancelled, NoticeEvent::SellersNew],
    }
}

/// The statement that writes what is to be told of a run; none where that is nothing. `sent` is what the run has sent by
/// then, also what is on the wire yet, where that is known.
pub(in crate::store) fn run_notices(
    clock: &Clock,
    key: RunKey,
    events: &[NoticeEvent],
    sent: Option<i64>,
    now: DateTime<Utc>,
) -> Option<AddRunNotices> {
    (!events.is_empty()).then(|| AddRunNotices {
        org: key.org.0,
        run: key.run.0,
        ids: events.iter().map(|_| clock.new_id()).collect(),
        events: events.iter().map(|event| event.as_str()).collect(),
        sent,
        now,
    })
}

fragment! {
    struct AddNotice {
        org: Uuid => SqlUuid,
        id: Uuid => SqlUuid,
        event: &'static str => Text,
        facts: Value => Jsonb,
        now: DateTime<Utc> => Timestamptz,
    }
    answers ();
    "INSERT INTO notices (org_id, id, event, facts, created_at) SELECT $org, $id, $event, $facts, $now \
     WHERE EXISTS (SELECT 1 FROM webhooks w WHERE w.org_id = $org AND w.enabled AND $event = ANY (w.events))"
}

/// Writes a notice into the transaction that makes what it tells of.
pub(in crate::store) async fn notify(
    mut conn: &Loan,
    clock: &Clock,
    org: OrgId,
    notice: &Notice,
) -> Result<(), StoreError> {
    let (id, event, now) = (clock.new_id(), notice.event().as_str(), clock.now());
    AddNotice { org: org.0, id, event, facts: clean_json(notice.facts()), now }.execute(&mut conn).await?;
    Ok(())
}

fragment! {
    /// Behind which arrival the sellers begin that this run brought. Those of them that have no number yet, since somebody
    /// holds them, get one above all that there are.
    struct ArrivalsOf { org: Uuid => SqlUuid, run: Uuid => SqlUuid }
    answers (BigInt);
    "SELECT coalesce((SELECT min(s.arrival) - 1 FROM sellers s WHERE s.org_id = $org AND s.first_seen_run_id = $run \
        AND s.removed_at IS NULL), o.sellers_arrived) FROM orgs o WHERE o.id = $org"
}

fragment! {
    /// What is to be told of new sellers, and to which organisations.
    struct SellersToTell { event: &'static str => Text, most: i64 => BigInt }
    answers (SqlUuid, SqlUuid);
    "SELECT n.org_id, n.id FROM notices n WHERE n.event = $event ORDER BY n.created_at LIMIT $most"
}

type Waiting = (Uuid, Uuid, String, Value, DateTime<Utc>);
/// Of an organisation's webhooks: id, form, and the events that it asked for.
type Asking = (Uuid, Form, Vec<String>);

impl PgStore {
    /// Hands notices on: each webhook that asked for one gets its delivery, due at once. `base_url` is where people reach
    /// Gleaner. Answers how many notices there were; another engine's are left to it.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn hand_notices_on(&self, base_url: Option<&str>) -> Result<usize, StoreError> {
        // In transactions of their own: there may be many, and nobody has to wait for all of them.
        let statement = SellersToTell { event: NoticeEvent::SellersNew.as_str(), most: HANDED_ON_MAX };
        let told: Vec<(Uuid, Uuid)> = statement.load(&mut self.connection().await?).await?;
        for org in told.iter().map(|(org, _)| *org).collect::<BTreeSet<_>>() {
            self.number_all_arrivals(OrgId(org)).await?;
        }
        let numbered: Vec<Uuid> = told.into_iter().map(|(_, notice)| notice).collect();
        let lease = self.lease().await?;
        let worked = self.handing_on(&lease, base_url, &numbered).await;
        Self::finish(lease, worked).await
    }

    /// Hands on what waits; of new sellers only those notices whose sellers are numbered.
    async fn handing_on(
        &self,
        mut conn: &Loan,
        base_url: Option<&str>,
        numbered: &[Uuid],
    ) -> Result<usize, StoreError> {
        conn.batch_execute("BEGIN").await?;
        let is_ready = notices::event.ne(NoticeEvent::SellersNew.as_str()).or(notices::id.eq_any(numbered.to_vec()));
        let waiting: Vec<Waiting> = notices::table
            .filter(is_ready)
            .order(notices::created_at)
            .limit(HANDED_ON_MAX)
            .select((notices::org_id, notices::id, notices::event, notices::facts, notices::created_at))
            .for_update()
            .skip_locked()
            .load(&mut conn)
            .await?;
        if waiting.is_empty() {
            return Ok(0);
        }
        let asking = asking(conn, waiting.iter().map(|(org, ..)| *org).collect()).await?;
        let mut deliveries = AddDeliveries::at(self.clock.now());
        for (org, id, event, facts, at) in &waiting {
            let Some(mut notice) = Notice::from_facts(event, facts) else {
                log::error!("the notice {id} ({event}) cannot be read; it is left out");
                continue;
            };
            if let Notice::SellersNew(facts) = &mut notice {
                let (after,): (i64,) = ArrivalsOf { org: *org, run: facts.run_id.0 }.get_result(&mut conn).await?;
                facts.cursor = Some(Arrival(after).to_string());
            }
            for (webhook, form, events) in asking.get(org).into_iter().flatten() {
                if events.contains(event) {
                    let letter = notice.letter(*form, *at, base_url);
                    deliveries.push(*org, *webhook, self.clock.new_id(), notice.event(), letter);
                }
            }
        }
        deliveries.execute(&mut conn).await?;
        let ids: Vec<Uuid> = waiting.iter().map(|(_, id, ..)| *id).collect();
        let orgs: Vec<Uuid> = waiting.iter().map(|(org, ..)| *org).collect();
        diesel::delete(notices::table.filter(notices::org_id.eq_any(orgs)).filter(notices::id.eq_any(ids)))
            .execute(&mut conn)
            .await?;
        Ok(waiting.len())
    }
}

async fn asking(mut conn: &Loan, orgs: Vec<Uuid>) -> Result<BTreeMap<Uuid, Vec<Asking>>, StoreError> {
    let rows: Vec<(Uuid, Uuid, String, Vec<Option<String>>)> = webhooks::table
        .filter(webhooks::org_id.eq_any(orgs))
        .filter(webhooks::enabled)
        .select((webhooks::org_id, webhooks::id, webhooks::form, webhooks::events))
        .load(&mut conn)
        .await?;
    let mut asking: BTreeMap<Uuid, Vec<Asking>> = BTreeMap::new();
    for (org, id, form, events) in rows {
        let form =
            Form::parse(&form).ok_or_else(|| StoreError::Broken(format!("webhook {id} has the form `{form}`")))?;
        asking.entry(org).or_default().push((id, form, events.into_iter().flatten().collect()));
    }
    Ok(asking)
}
