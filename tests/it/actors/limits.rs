//! The limiter of a provider's account under the real actors: all runs of a process together, in virtual time.

use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gleaner::actors::run_context::{MakeProviders, Providers};
use gleaner::clock::Clock;
use gleaner::domain::failure::Failure;
use gleaner::domain::ids::RunKey;
use gleaner::domain::run::{Command, RunStatus};
use gleaner::domain::settings::RunSettings;
use gleaner::scrapers::mocked::{Ask, Mocked, Play, Script, Witness};
use gleaner::scrapers::oxylabs::{Account, HOLD_MIN, Plan};
use gleaner::scrapers::{
    Answer, BestSellers, CategoryRequest, Jobs, LocalFuture, ProductPage, SearchRequest, SellerPage, SellerSearch,
    Throttles,
};
use gleaner::store::memory::MemoryStore;
use tokio::time::Instant;

use crate::support::invariants;
use crate::support::market::{Market, fails};
use crate::support::world::{Killer, World, in_virtual_time};

/// A scripted provider on an account, which notes when it is asked.
#[derive(Clone)]
struct Limited {
    mocked: Rc<Mocked>,
    account: Arc<Account>,
    asked_at: Arc<Mutex<Vec<Instant>>>,
    /// What its answers say of the plan.
    says: Plan,
}

impl Limited {
    fn asked(&self) {
        self.asked_at.lock().expect("no panic under it").push(Instant::now());
    }

    fn heard<T>(&self, answer: Answer<T>) -> Answer<T> {
        self.account.learn_plan(self.says);
        if let Err(Failure::RateLimited { domain_throttled: true, detail, .. }) = &answer.result {
            self.account.throttled(detail);
        }
        answer
    }
}

impl BestSellers for Limited {
    fn admit(&self) -> LocalFuture<'_, ()> {
        Box::pin(self.account.admit(true))
    }

    fn throttles(&self) -> Option<Throttles> {
        Some(self.account.throttle())
    }

    fn address(&self, request: &CategoryRequest) -> String {
        BestSellers::address(&*self.mocked, request)
    }

    fn ask<'a>(
        &'a self,
        request: &'a CategoryRequest,
        jobs: Option<&'a dyn Jobs>,
    ) -> LocalFuture<'a, Answer<ProductPage>> {
        self.asked();
        Box::pin(async move { self.heard(BestSellers::ask(&*self.mocked, request, jobs).await) })
    }
}

impl SellerSearch for Limited {
    fn admit(&self) -> LocalFuture<'_, ()> {
        Box::pin(self.account.admit(false))
    }

    fn throttles(&self) -> Option<Throttles> {
        Some(self.account.throttle())
    }

    fn address(&self, request: &SearchRequest) -> String {
        SellerSearch::address(&*self.mocked, request)
    }

    fn ask<'a>(
        &'a self,
        request: &'a SearchRequest,
        jobs: Option<&'a dyn Jobs>,
    ) -> LocalFuture<'a, Answer<SellerPage>> {
        self.asked();
        Box::pin(async move { self.heard(SellerSearch::ask(&*self.mocked, request, jobs).await) })
    }
}

struct Scene {
    world: World,
    asked_at: Arc<Mutex<Vec<Instant>>>,
}

impl Scene {
    fn new(script: Arc<Script>, begins: Plan, says: Plan) -> Self {
        let (account, asked_at, witness) =
            (Arc::new(Account::new(begins)), Arc::<Mutex<Vec<_>>>::default(), Witness::default());
        let (noting, watching) = (asked_at.clone(), witness.clone());
        let make_providers: MakeProviders = Arc::new(move |_| {
            let mocked = Rc::new(Mocked::new(script.clone(), watching.clone()));
            let limited = Rc::new(Limited { mocked, account: account.clone(), asked_at: noting.clone(), says });
            Providers { best_sellers: limited.clone(), seller_search: limited }
        });
        let clock = Clock::seeded(7);
        let store = MemoryStore::new(clock.clone());
        Self { world: World::asking(make_providers, store, clock, witness, Killer::default()), asked_at }
    }

    async fn start(&self, market: &Market, workers: u16) -> RunKey {
        let settings = RunSettings { workers, page_delay_ms: 0, ..RunSettings::default() };
        let key = self.world.add_run(&settings, &market.chosen());
        self.world.give(key, Command::Start).await.expect("it can be started");
        key
    }

    fn asked_at(&self) -> Vec<Instant> {
        let mut times = self.asked_at.lock().expect("no panic under it").clone();
        times.sort();
        times
    }

    fn told(&self, key: RunKey, action: &str) -> usize {
        let named = format!("\"action\":\"{action}\"");
        self.world.store.events(key).iter().filter(|event| event.data.contains(&named)).count()
    }
}

fn most_in_a_second(times: &[Instant]) -> usize {
    let within =
        |start: &Instant| times.iter().filter(|t| *t >= start && **t < *start + Duration::from_secs(1)).count();
    times.iter().map(within).max().unwrap_or(0)
}

fn plan(requests: u32, rendered: u32) -> Plan {
    Plan { requests_per_second: Some(requests), rendered_per_second: Some(rendered) }
}

#[test]
fn sixty_four_workers_of_three_runs_never_send_more_than_the_plan_in_any_second() {
    in_virtual_time(async {
        let market = Market::small();
        let scene = Scene::new(market.script(Duration::from_millis(300)), plan(10, 3), plan(6, 2));
        let mut runs = Vec::new();
        for workers in [22, 21, 21] {
            runs.push(scene.start(&market, workers).await);
        }
        for key in runs {
            assert_eq!(scene.world.rest(key).await, RunStatus::Completed);
            assert_eq!(scene.world.store.run(key).expect("the run").counters.ebay.done, 24);
        }
        let times = scene.asked_at();
        assert_eq!(times.len(), 3 * (6 + 48), "every page of every run was asked for once");
        assert!(most_in_a_second(&times) <= 10);
        let learned = times[0] + Duration::from_millis(300);
        let later: Vec<_> = times.iter().copied().filter(|time| *time > learned).collect();
        assert!(most_in_a_second(&later) <= 6, "{}", most_in_a_second(&later));
        // Best Sellers are rendered: two a second; searches follow.
        let ideal = 18.0 / 2.0 + 144.0 / 6.0;
        let took = (times[times.len() - 1] - times[0]).as_secs_f64();
        assert!(took < ideal * 1.1, "{took} s for {ideal} s of the plan");
    });
}

#[test]
fn a_throttle_slows_all_runs_together_is_told_once_to_each_and_ends_by_itself() {
    in_virtual_time(async {
        let market = Market::small();
        let nth = AtomicU32::new(0);
        let script: Arc<Script> = Arc::new(move |ask, _| {
            let failure = Failure::RateLimited {
                retry_after: None,
                domain_throttled: true,
                detail: "Access to ebay.com has been limited to 1 req/s".to_owned(),
            };
            let throttled = matches!(ask, Ask::Search(_)) && nth.fetch_add(1, Ordering::SeqCst) == 20;
            let play: Play = if throttled { fails(ask, failure) } else { market.answer(ask) };
            (Duration::from_millis(300), play)
        });
        let scene = Scene::new(script, plan(50, 13), plan(50, 13));
        let runs = [scene.start(&market, 5).await, scene.start(&market, 5).await, scene.start(&market, 5).await];
        while scene.told(runs[2], "throttled") == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let began = Instant::now();
        tokio::time::sleep(Duration::from_secs(30)).await;
        for key in runs {
            let row = scene.world.store.run(key).expect("the run");
            assert!(!row.checkpoint["throttled_until"].is_null(), "{}", row.checkpoint);
            assert!(row.worker_status.to_string().contains("provider_limit"), "{}", row.worker_status);
        }
        for key in runs {
            assert_eq!(scene.world.rest(key).await, RunStatus::Completed);
            assert_eq!((scene.told(key, "throttled"), scene.told(key, "recovered")), (1, 1));
            assert_eq!(scene.world.store.run(key).expect("the run").counters.ebay.done, 24);
        }
        let slow: Vec<_> =
            scene.asked_at().into_iter().filter(|time| *time > began && *time < began + HOLD_MIN).collect();
        assert_eq!(most_in_a_second(&slow), 1);
        assert!(slow.len() > 50, "the runs go on, {} requests a minute", slow.len());
    });
}

#[test]
fn a_gate_that_closes_wakes_those_who_wait_for_their_turn() {
    in_virtual_time(async {
        let market = Market::small();
        let scene = Scene::new(market.script(Duration::from_millis(100)), plan(1, 1), Plan::default());
        let key = scene.start(&market, 64).await;
        scene.world.requests(12).await;
        let since = Instant::now();
        scene.world.give(key, Command::Pause).await.expect("it can be paused");
        let at_close = scene.world.witness.seen();
        assert_eq!(scene.world.rest(key).await, RunStatus::Paused);
        assert!(since.elapsed() < Duration::from_secs(1), "{:?}", since.elapsed());
        invariants::no_request_started_after(at_close.requests, &scene.world.witness.seen());
        invariants::hold_at_rest(&scene.world.store, key, &scene.world.witness.seen());
        scene.world.give(key, Command::Resume).await.expect("it can be resumed");
        assert_eq!(scene.world.rest(key).await, RunStatus::Completed, "nobody's turn was lost");
        assert!(most_in_a_second(&scene.asked_at()) <= 1);
    });
}
