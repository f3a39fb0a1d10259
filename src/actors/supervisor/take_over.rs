//! Taking a run over: read its row, grow its tree, and obey what is wanted of it.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use actix::{ActorFutureExt, AsyncContext, Context, WrapFuture};
use tokio::time::sleep;

use super::{Aim, Supervisor};
use crate::actors::budget::Budget;
use crate::actors::engine::StreamIs;
use crate::actors::probing::{Looks, Probing};
use crate::actors::recorder::Hand;
use crate::actors::run_context::RunContext;
use crate::actors::stream::{About, Standing};
use crate::actors::tree::Tree;
use crate::domain::ledger::{Close, Entry};
use crate::domain::recovery::Recovery;
use crate::domain::run::{FailReason, RunStatus, Wish};
use crate::domain::settings::RunSettings;
use crate::store::{StoreError, TakenOver};

impl Supervisor {
    pub(super) fn take_over(&self, ctx: &mut Context<Self>) {
        let (store, key, from) = (self.means.store.clone(), self.key, self.from);
        let taking = async move {
            let mut wait = Duration::from_millis(50);
            loop {
                match store.take_over(key, from).await {
                    Err(error @ (StoreError::Away(_) | StoreError::Broken(_))) => {
                        log::warn!("run {}: it cannot be taken over yet: {error}", key.run);
                    }
                    other => return other,
                }
                sleep(wait).await;
                wait = (wait * 2).min(Duration::from_secs(5));
            }
        };
        ctx.spawn(taking.into_actor(self).map(|taken, supervisor, ctx| match taken {
            Ok(taken) if taken.status == RunStatus::Running => supervisor.grow(taken, ctx),
            Ok(taken) => supervisor.end(Some(taken.status), ctx),
            Err(StoreError::Owned) => {
                log::info!("run {}: another engine works on it", supervisor.key.run);
                supervisor.end(None, ctx);
            }
            Err(error) => {
                log::error!("run {}: cannot be taken over: {error}", supervisor.key.run);
                supervisor.end(None, ctx);
            }
        }));
    }

    /// Has it kept what the take-over found, and told with it.
    fn report(&self, recovery: Recovery, tree: &Tree, ctx: &mut Context<Self>) {
        log::info!("run {}: {}", self.key.run, recovery.in_words());
        let hand = tree.hand();
        let telling = async move { drop(hand.ask(Hand(Entry::Recovered(recovery))).await) };
        ctx.spawn(telling.into_actor(self));
    }

    fn grow(&mut self, taken: TakenOver, ctx: &mut Context<Self>) {
        let (settings, invalid) = match taken.settings {
            Ok(settings) => (settings, None),
            Err(reason) => (RunSettings::default(), Some(reason)),
        };
        let looks = taken.pause.as_ref().map(|pause| Looks { reason: pause.reason, nth: pause.probes.max(1) });
        let probing = Probing::new(looks);
        (self.auto_resume, self.pause_before) = (settings.auto_resume, taken.pause.clone());
        let budget = Budget::new(settings.request_budget, taken.memory.spend.all_sent(), taken.grant);
        let context = RunContext {
            key: self.key,
            budget: budget.clone(),
            settings: Rc::new(settings),
            store: self.means.store.clone(),
            clock: self.means.clock.clone(),
            prices: self.means.prices,
            gate: self.gate.clone(),
            lease: self.lease.clone(),
            providers: (self.means.make_providers)(taken.provider.as_deref()),
            fence: Rc::new(Cell::new(taken.memory.fence)),
            probing: probing.clone(),
            found_before: taken.found_before,
            probe: self.probe.clone(),
            tell_facts: self.means.tell_facts.clone(),
        };
        let phase = taken.memory.phase;
        let standing = Standing { status: RunStatus::Running, wanted: taken.wanted, pause: taken.pause };
        let about = About { name: taken.name, started_at: taken.started_at, standing };
        let throttles = context.providers.throttles();
        let mut tree = Tree::grow(context, about, taken.memory, ctx.address(), self.alive.clone());
        self.watch(throttles, &tree, ctx);
        if let Some(why) = self.recovery.take() {
            let recovery = Recovery {
                at: self.means.clock.now(),
                why,
                tasks_released: taken.released,
                answers_reattached: taken.reattached,
                requests_repeated: taken.repeated,
                late_answers: 0,
                time_lost_ms: taken.time_lost_ms,
            };
            self.report(recovery, &tree, ctx);
        }
        self.lines.stream_is.do_send(StreamIs { key: self.key, stream: tree.stream() });
        if self.aim == Aim::Work && taken.wanted == Wish::Run && invalid.is_none() {
            tree.begin(phase);
        }
        self.tree = Some(tree);
        if looks.is_some() {
            let ended = async move { probing.ended().await };
            ctx.spawn(ended.into_actor(self).map(|(), supervisor, ctx| supervisor.is_well(ctx)));
        }
        let spent = async move { budget.spent().await };
        ctx.spawn(spent.into_actor(self).map(|spent, supervisor, _| supervisor.is_spent(spent)));
        if let Some(message) = invalid {
            return self.close(Close::Failed { reason: FailReason::InvalidSettings, message }, ctx);
        }
        match taken.wanted {
            Wish::Cancel => self.drain(Aim::Cancel),
            Wish::Pause => self.drain(self.manual_pause()),
            Wish::Run => {}
        }
        if self.aim != Aim::Work {
            // The wish may have come before there was a tree that could hold.
            self.hold();
        }
    }
}
