//! `engines`: the processes that work on one database, and what each of them can see of the others.
//!
//! Two signs tell that an engine is gone: its session-level lock, which ends with its process, and its beat, which stands
//! still where the process is frozen or cut off. Who judges them is the engine actor; this is only what was seen.

use std::collections::BTreeSet;

use diesel::dsl::auto_type;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Integer, Text};
use diesel_async::RunQueryDsl;
use futures_util::try_join;
use uuid::Uuid;

use super::loan::Loan;
use super::schema::{collection_runs, engines};
use super::{PgStore, StoreError};
use crate::domain::ids::{EngineId, OrgId, RunId, RunKey};
use crate::domain::run::{RunStatus, Wish};

/// What was seen at one look.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// Every run under way, and those that were asked for.
    pub runs: Vec<Surveyed>,
    /// Every engine that has said a word within a day.
    pub engines: Vec<EngineSeen>,
}

/// A run as others see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Surveyed {
    /// Which run.
    pub key: RunKey,
    /// Its status.
    pub status: RunStatus,
    /// What is asked of it.
    pub wanted: Wish,
    /// Commands accepted so far.
    pub commands: i32,
    /// The engine that works on it.
    pub owner: Option<EngineId>,
    /// The newest event's number.
    pub last_seq: i64,
}

/// An engine as others see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EngineSeen {
    /// Which engine.
    pub id: EngineId,
    /// Grows while it lives; compared, never read as a time, so that no clock that jumps can end a lease.
    pub beat: i64,
    /// Its session-level lock is held.
    pub in_session: bool,
}

/// Whether an engine lives after all: it has beaten since it was seen, or its session, which was missing then, is there.
/// From here to the end of the transaction its next beat waits, or its next session: whoever sees the one kept or the other
/// opened sees who owns his runs.
pub(super) async fn has_come_back(mut conn: &Loan, seen: &EngineSeen) -> Result<bool, StoreError> {
    if !seen.in_session {
        let take = diesel::sql_query("SELECT pg_try_advisory_xact_lock($1) AS taken");
        let Taken { taken } = take.bind::<BigInt, _>(lock_number(seen.id)).get_result(&mut conn).await?;
        return Ok(!taken);
    }
    let beat: Option<i64> =
        engines::table.find(seen.id.0).select(engines::beat).for_share().first(&mut conn).await.optional()?;
    Ok(beat.is_some_and(|beat| beat != seen.beat))
}

/// The number of an engine's session-level lock: the random half of its id.
pub(super) fn lock_number(EngineId(id): EngineId) -> i64 {
    let (_, low) = id.as_u64_pair();
    i64::from_ne_bytes(low.to_ne_bytes())
}

/// What an engine's sessions call themselves, so that whoever takes its runs over can end them.
pub(super) fn session_name(EngineId(id): EngineId) -> String {
    format!("gleaner {id}")
}

#[derive(QueryableByName)]
struct Lock {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

#[derive(QueryableByName)]
struct Taken {
    #[diesel(sql_type = Bool)]
    taken: bool,
}

#[derive(QueryableByName)]
struct Ended {
    #[diesel(sql_type = Integer)]
    #[allow(dead_code, reason = "the row is counted, not read")]
    pid: i32,
}

/// What is seen of a run.
#[auto_type]
fn run_columns() -> _ {
    collection_runs::table.order((collection_runs::org_id, collection_runs::id)).select((
        collection_runs::org_id,
        collection_runs::id,
        collection_runs::status,
        collection_runs::wanted,
        collection_runs::commands,
        collection_runs::owner,
        collection_runs::last_seq,
    ))
}

type RunColumns = (Uuid, Uuid, String, String, i32, Option<Uuid>, i64);

impl PgStore {
    pub(super) async fn survey_runs(&self, beats: bool, watched: &[RunKey]) -> Result<Survey, StoreError> {
        if beats {
            self.beat().await?;
        }
        let connection = self.connection().await?;
        let (mut first, mut second, mut third, mut fourth) = (&connection, &connection, &connection, &connection);
        let running = run_columns().filter(collection_runs::status.eq("running")).load::<RunColumns>(&mut first);
        let (orgs, ids): (Vec<Uuid>, Vec<Uuid>) = watched.iter().map(|key| (key.org.0, key.run.0)).unzip();
        let at_rest = run_columns()
            .filter(collection_runs::org_id.eq_any(orgs))
            .filter(collection_runs::id.eq_any(ids))
            .filter(collection_runs::status.ne("running"))
            .load::<RunColumns>(&mut fourth);
        let seen = engines::table.select((engines::id, engines::beat)).load::<(Uuid, i64)>(&mut second);
        let locks = diesel::sql_query(
            "SELECT (classid::bigint << 32) | objid::bigint AS number FROM pg_locks WHERE locktype = 'advisory' \
             AND objsubid = 1 AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
        )
        .load::<Lock>(&mut third);
        let (running, at_rest, seen, locks) = try_join!(running, at_rest, seen, locks)?;
        let locks: BTreeSet<i64> = locks.into_iter().map(|lock| lock.number).collect();
        let engines = seen.into_iter().map(|(id, beat)| {
            let id = EngineId(id);
            EngineSeen { id, beat, in_session: locks.contains(&lock_number(id)) }
        });
        let runs = running.into_iter().chain(at_rest).map(surveyed).collect::<Result<_, _>>()?;
        Ok(Survey { runs, engines: engines.collect() })
    }

    async fn beat(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let name = format!("process {}", std::process::id());
        let address = self.address.get().map(String::as_str);
        // A beat that began before the address was said and comes after it takes nothing back.
        let said = address.map(|address| engines::address.eq(address));
        diesel::insert_into(engines::table)
            .values((
                engines::id.eq(self.engine.0),
                engines::name.eq(name),
                engines::started_at.eq(now),
                engines::beat_at.eq(now),
                engines::address.eq(address),
            ))
            .on_conflict(engines::id)
            .do_update()
            .set((engines::beat.eq(engines::beat + 1), engines::beat_at.eq(now), said))
            .execute(&mut self.connection().await?)
            .await?;
        Ok(())
    }

    /// Says where a browser reaches this engine, for commands that print links; its beats go on saying so.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn say_address(&self, address: &str) -> Result<(), StoreError> {
        // Said once, by the one front of the process; a second word would change nothing.
        let _ = self.address.set(address.to_owned());
        self.beat().await
    }

    /// Where a browser reaches an engine that runs now, the newest first; `None` where none serves.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn engine_address(&self) -> Result<Option<String>, StoreError> {
        let seen = self.survey_runs(false, &[]).await?.engines;
        let running: Vec<Uuid> = seen.iter().filter(|engine| engine.in_session).map(|engine| engine.id.0).collect();
        let address: Option<Option<String>> = engines::table
            .filter(engines::id.eq_any(running).and(engines::address.is_not_null()))
            .order((engines::started_at.desc(), engines::id.desc()))
            .select(engines::address)
            .first(&mut self.connection().await?)
            .await
            .optional()?;
        Ok(address.flatten())
    }

    pub(super) async fn leave_runs(&self) -> Result<(), StoreError> {
        let mine = self.engine.0;
        diesel::update(collection_runs::table.filter(collection_runs::owner.eq(mine)))
            .set(collection_runs::owner.eq(None::<Uuid>))
            .execute(&mut self.connection().await?)
            .await?;
        diesel::delete(engines::table.find(mine)).execute(&mut self.connection().await?).await?;
        Ok(())
    }

    /// Forgets an engine that owns nothing any more.
    pub(super) async fn forget_engine(&self, gone: EngineId) -> Result<(), StoreError> {
        let owned = collection_runs::table.filter(collection_runs::owner.eq(gone.0));
        diesel::delete(engines::table.find(gone.0).filter(diesel::dsl::not(diesel::dsl::exists(owned))))
            .execute(&mut self.connection().await?)
            .await?;
        Ok(())
    }

    /// Ends the sessions of an engine that is taken to be gone and still holds its lock: it is frozen, and may hold a row.
    /// Those of a dead one are left alone: what it had sent may still be kept.
    pub(super) async fn end_sessions(&self, gone: EngineId) -> Result<(), StoreError> {
        let ended: Vec<Ended> = diesel::sql_query(
            // Found first and ended then: among conditions PostgreSQL may ask this one before the others.
            "WITH theirs AS MATERIALIZED (SELECT pid FROM pg_stat_activity WHERE application_name = $1 \
                AND datname = current_database() AND EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' \
                    AND objsubid = 1 AND granted AND (classid::bigint << 32) | objid::bigint = $2)) \
             SELECT pid, pg_terminate_backend(pid) FROM theirs",
        )
        .bind::<Text, _>(session_name(gone))
        .bind::<BigInt, _>(lock_number(gone))
        .load(&mut self.connection().await?)
        .await?;
        if !ended.is_empty() {
            log::warn!("{} database sessions of engine {gone}, which does not answer, were ended", ended.len());
        }
        Ok(())
    }
}

fn surveyed((org, run, status, wanted, commands, owner, last_seq): RunColumns) -> Result<Surveyed, StoreError> {
    let damaged = |what: &str| StoreError::Broken(format!("run {run} has a damaged {what}"));
    Ok(Surveyed {
        key: RunKey { org: OrgId(org), run: RunId(run) },
        status: RunStatus::parse(&status).ok_or_else(|| damaged("status"))?,
        wanted: Wish::parse(&wanted).ok_or_else(|| damaged("wish"))?,
        commands,
        owner: owner.map(EngineId),
        last_seq,
    })
}
