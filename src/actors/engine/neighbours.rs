//! The other engines of the database: which of them is gone, whose runs are to be taken over, and what they accepted for
//! runs of ours.
//!
//! An engine is gone at once when its session is, and when its beat has stood still for the length of a lease. That is
//! measured from when the beat was first seen, on tokio's clock: no time of day is compared with another.

use std::collections::BTreeMap;
use std::time::Duration;

use actix::{ActorFutureExt, AsyncContext, Context, WrapFuture};
use tokio::time::{Instant, timeout};

use super::Engine;
use crate::actors::lease::LEASE;
use crate::actors::recorder::FenceLost;
use crate::domain::ids::{EngineId, RunKey};
use crate::domain::run::{RunStatus, Wish};
use crate::store::{EngineSeen, Survey, Surveyed};

/// Pause between two looks: how soon a dead session and another process's command are seen.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Pause between two beats of our own.
const BEAT_EVERY: Duration = Duration::from_secs(2);
/// Longest wait for a look.
const LOOK_MAX: Duration = Duration::from_secs(5);
/// How long missing sessions say nothing after our own was missing too: the database was restarted, and all come back.
const ALL_RETURN: Duration = Duration::from_secs(3);
/// The beat of an engine that never had one; theirs begin at 1.
const NO_BEAT: i64 = -1;

/// What is known of the other engines.
pub(super) struct Neighbours {
    own: EngineId,
    /// The newest beat of each, and when it was first seen.
    beats: BTreeMap<EngineId, (i64, Instant)>,
    /// Runs that somebody here watches and another engine works on, as they were last seen.
    watched: BTreeMap<RunKey, Surveyed>,
    /// When our own newest beat was begun; `None` while our session is missing.
    pub beaten: Option<Instant>,
    /// When the database was last seen.
    looked: Option<Instant>,
    /// Our own session was not there then.
    own_missing: Option<Instant>,
}

impl Neighbours {
    pub fn new(own: EngineId) -> Self {
        let (beats, watched) = (BTreeMap::new(), BTreeMap::new());
        Self { own, beats, watched, beaten: None, looked: None, own_missing: None }
    }

    /// Takes in who was seen by a look that was begun at `seen` and has ended now; answers who is gone. A beat is known
    /// from now on, and had stood still when the look was begun: so no owner's lease is counted shorter than it is to him.
    fn judge(&mut self, survey: &Survey, seen: Instant) -> BTreeMap<EngineId, (EngineSeen, &'static str)> {
        let now = Instant::now();
        let own = survey.engines.iter().find(|engine| engine.id == self.own);
        if own.is_some_and(|own| !own.in_session) {
            self.own_missing = Some(seen);
            // Others may take our runs over at once: no lease holds before the session and a beat are there again.
            self.beaten = None;
        }
        // While we saw nothing, nothing is known of the others' beats: the time that they have begins anew.
        let was_blind = self.looked.replace(seen).is_some_and(|looked| seen >= looked + LOOK_MAX + LOOK_EVERY);
        let sessions_tell = self.own_missing.is_none_or(|missing| seen >= missing + ALL_RETURN);
        let mut gone = BTreeMap::new();
        // An owner that nobody knows died before its first beat: it has as long as one whose beat stands still.
        let is_known = |id: &EngineId| survey.engines.iter().any(|engine| engine.id == *id);
        let strangers = survey.runs.iter().filter_map(|run| run.owner).filter(|owner| !is_known(owner));
        let strangers = strangers.map(|id| EngineSeen { id, beat: NO_BEAT, in_session: true });
        let others = survey.engines.iter().copied().chain(strangers).filter(|engine| engine.id != self.own);
        let others: Vec<EngineSeen> = others.collect();
        for engine in &others {
            let known = self.beats.entry(engine.id).or_insert((engine.beat, now));
            if known.0 != engine.beat || was_blind {
                *known = (engine.beat, now);
            }
            if !engine.in_session && sessions_tell {
                gone.insert(engine.id, (*engine, "taken over from a process that is gone"));
            } else if seen >= known.1 + LEASE {
                gone.insert(engine.id, (*engine, "taken over from a process that does not answer any more"));
            }
        }
        self.beats.retain(|id, _| others.iter().any(|engine| engine.id == *id));
        gone
    }
}

impl Engine {
    /// Looks around, does what follows, and looks again after a while.
    pub(super) fn survey(&mut self, ctx: &mut Context<Self>) {
        let (store, began) = (self.means.store.clone(), Instant::now());
        let beats = self.neighbours.beaten.is_none_or(|beaten| began >= beaten + BEAT_EVERY);
        let live = &self.live;
        self.signals.retain(|key, signal| signal.receiver_count() > 0 || live.contains_key(key));
        let watched: Vec<RunKey> = self.signals.keys().filter(|key| !live.contains_key(key)).copied().collect();
        let looking = async move {
            match timeout(LOOK_MAX, store.survey(beats, &watched)).await {
                Ok(Ok(survey)) => Some(survey),
                Ok(Err(error)) => {
                    log::debug!("looking for runs of other engines: {error}");
                    None
                }
                Err(_) => None,
            }
        };
        ctx.spawn(looking.into_actor(self).map(move |survey, engine, ctx| {
            if let Some(survey) = survey {
                if beats {
                    engine.neighbours.beaten = Some(began);
                }
                engine.surveyed(&survey, began, ctx);
            }
            ctx.run_later(LOOK_EVERY, Self::survey);
        }));
    }

    fn surveyed(&mut self, survey: &Survey, began: Instant, ctx: &mut Context<Self>) {
        self.probe.handling("engine", "surveyed");
        let gone = self.neighbours.judge(survey, began);
        if self.neighbours.beaten.is_none() {
            self.live.values().for_each(|live| live.lease.end());
        }
        let others = survey.engines.iter().filter(|engine| engine.id != self.neighbours.own);
        let living = others.filter(|engine| !gone.contains_key(&engine.id)).count();
        (self.means.hear_engines)(u32::try_from(living).unwrap_or(u32::MAX).saturating_add(1));
        for run in &survey.runs {
            let mine = run.owner == Some(self.neighbours.own);
            if self.live.contains_key(&run.key) {
                self.look_after(run, mine, began);
            } else if run.status == RunStatus::Running {
                let orphaned = match run.owner {
                    None => Some((None, "given up by a process that stopped, and begun again")),
                    Some(_) if mine => Some((None, "its actors were gone, and new ones took over")),
                    Some(owner) => gone.get(&owner).map(|(engine, why)| (Some(*engine), *why)),
                };
                if let Some((from, why)) = orphaned {
                    self.start_run(run.key, Some(why.to_owned()), from, ctx);
                }
            }
            self.ring_for(run);
        }
    }

    /// A run that has actors here: its lease is renewed, a command that another process took is obeyed, and where somebody
    /// else owned it in a look that was begun after our take-over its actors end.
    fn look_after(&mut self, run: &Surveyed, mine: bool, began: Instant) {
        let Some(live) = self.live.get_mut(&run.key).filter(|live| !live.ended) else { return };
        if mine {
            if let Some(beat) = self.neighbours.beaten {
                live.lease.renew(beat);
            }
            if run.commands > live.commands && run.status == RunStatus::Running {
                match run.wanted {
                    // It works already.
                    Wish::Run => live.commands = run.commands,
                    wish => live.hear(wish, live.cancel && wish == Wish::Cancel, run.commands),
                }
            }
        } else if run.owner.is_some() && live.owned.is_some_and(|owned| began >= owned) {
            live.supervisor.do_send(FenceLost);
        }
    }

    /// Whoever watches a run that another engine works on looks at its rows when they have changed.
    fn ring_for(&mut self, run: &Surveyed) {
        if self.live.contains_key(&run.key) || !self.signals.contains_key(&run.key) {
            self.neighbours.watched.remove(&run.key);
        } else if self.neighbours.watched.insert(run.key, *run) != Some(*run) {
            self.signal(run.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::sleep_until;

    use super::*;
    use crate::domain::ids::{OrgId, RunId};
    use uuid::Uuid;

    const OTHER: EngineId = EngineId(Uuid::from_u128(2));

    /// What is said of the other engine, whose beat is seen at these seconds.
    async fn judged(beats: &[(u64, i64)]) -> Option<&'static str> {
        let (began, mut neighbours) = (Instant::now(), Neighbours::new(EngineId(Uuid::from_u128(1))));
        let mut gone = None;
        for (at, beat) in beats {
            let engines = vec![EngineSeen { id: OTHER, beat: *beat, in_session: true }];
            let survey = Survey { runs: Vec::new(), engines };
            sleep_until(began + Duration::from_secs(*at)).await;
            gone = neighbours.judge(&survey, Instant::now()).remove(&OTHER).map(|(_, why)| why);
        }
        gone
    }

    #[tokio::test(start_paused = true)]
    async fn an_engine_whose_beat_stands_still_for_a_lease_is_gone() {
        assert_eq!(judged(&[(0, 1), (4, 1), (8, 1), (12, 1), (14, 1)]).await, None);
        assert!(judged(&[(0, 1), (4, 1), (8, 1), (12, 1), (15, 1)]).await.is_some());
        assert_eq!(judged(&[(0, 1), (4, 1), (8, 2), (12, 2), (16, 2), (20, 2)]).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn an_owner_that_died_before_its_first_beat_is_gone_after_a_lease() {
        let (began, mut neighbours) = (Instant::now(), Neighbours::new(EngineId(Uuid::from_u128(1))));
        let run = Surveyed {
            key: RunKey { org: OrgId(Uuid::nil()), run: RunId(Uuid::nil()) },
            status: RunStatus::Running,
            wanted: Wish::Run,
            commands: 1,
            owner: Some(OTHER),
            last_seq: 1,
        };
        let survey = Survey { runs: vec![run], engines: Vec::new() };
        let mut gone = Vec::new();
        for at in [0, 4, 8, 12, 15] {
            sleep_until(began + Duration::from_secs(at)).await;
            gone.push(neighbours.judge(&survey, Instant::now()).len());
        }
        assert_eq!(gone, [0, 0, 0, 0, 1]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_beat_is_known_from_the_end_of_the_look_that_saw_it() {
        let (began, mut neighbours) = (Instant::now(), Neighbours::new(EngineId(Uuid::from_u128(1))));
        let engines = vec![EngineSeen { id: OTHER, beat: 1, in_session: true }];
        let survey = Survey { runs: Vec::new(), engines };
        sleep_until(began + Duration::from_secs(4)).await;
        assert!(neighbours.judge(&survey, began).is_empty(), "a look of four seconds");
        for at in [5, 10, 15, 18] {
            sleep_until(began + Duration::from_secs(at)).await;
            assert!(neighbours.judge(&survey, Instant::now()).is_empty(), "the beat may be as young as {} s", at - 4);
        }
        sleep_until(began + Duration::from_secs(19)).await;
        assert_eq!(neighbours.judge(&survey, Instant::now()).len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn an_engine_without_its_session_has_no_beat_to_hold_a_lease_by() {
        let own = EngineId(Uuid::from_u128(1));
        let mut neighbours = Neighbours::new(own);
        for in_session in [true, false] {
            neighbours.beaten = Some(Instant::now());
            let engines = vec![EngineSeen { id: own, beat: 1, in_session }];
            neighbours.judge(&Survey { runs: Vec::new(), engines }, Instant::now());
            assert_eq!(neighbours.beaten.is_some(), in_session);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn time_in_which_nothing_was_seen_does_not_count() {
        assert_eq!(judged(&[(0, 1), (4, 1), (40, 1), (44, 2)]).await, None, "the database was away for all");
        assert!(judged(&[(0, 1), (4, 1), (40, 1), (44, 1), (48, 1), (52, 1), (55, 1)]).await.is_some());
    }
}
