//! The bare group commit: the rows of a whole run handed to the store by one plain loop, so many outcomes at a time.
//! No actors, no queue, no answers awaited by anybody: what is left is the store and the disk.

use std::time::Duration;

use gleaner::clock::Clock;
use gleaner::domain::event::{ApiParams, Request, Subject};
use gleaner::domain::ids::{RunKey, TaskNo, WorkerId};
use gleaner::domain::ledger::{Close, Entry, Group, Memory, Outcome, PageResult, Started};
use gleaner::domain::run::Command;
use gleaner::domain::task::{OpenTask, Phase, Work};
use gleaner::store::{PgStore, RunStore};
use tokio::time::Instant;

use crate::market::{CATEGORY_PAGES, COST, Market};

/// A loop that writes one run.
pub struct PlainLoop<'a> {
    pub store: &'a PgStore,
    pub market: Market,
    pub key: RunKey,
    /// Outcomes in one group.
    pub at_a_time: usize,
    pub clock: Clock,
}

impl PlainLoop<'_> {
    /// Writes the whole run and says how long that took.
    pub async fn write(&self) -> Duration {
        self.store.command(self.key, Command::Start, 3).await.expect("it can be started");
        let since = Instant::now();
        let mut memory = self.store.take_over(self.key, None).await.expect("nobody else has it").memory;
        let mut tasks = self.open(Phase::Amazon).await;
        for _ in 0..CATEGORY_PAGES {
            memory = self.pages(memory, &mut tasks).await;
        }
        memory = self.keep(memory, vec![Entry::PhaseOver { at: self.clock.now() }]).await;
        let mut tasks = self.open(Phase::Ebay).await;
        memory = self.pages(memory, &mut tasks).await;
        self.keep(memory, vec![Entry::Close { close: Close::Completed, at: self.clock.now() }]).await;
        since.elapsed()
    }

    async fn open(&self, phase: Phase) -> Vec<OpenTask> {
        self.store.read_ahead(self.key, phase, TaskNo(0), 1_000_000).await.expect("the store answers")
    }

    /// Keeps the next page of each task.
    async fn pages(&self, mut memory: Memory, tasks: &mut [OpenTask]) -> Memory {
        for tasks in tasks.chunks_mut(self.at_a_time) {
            let entries = (1..).zip(tasks).flat_map(|(worker, task)| self.page(WorkerId(worker), task)).collect();
            memory = self.keep(memory, entries).await;
        }
        memory
    }

    async fn keep(&self, before: Memory, entries: Vec<Entry>) -> Memory {
        let group = Group { key: self.key, before, entries, summary: None };
        self.store.keep(&group).await.expect("it is kept").after
    }

    /// What a worker hands over for the task's next page.
    fn page(&self, worker: WorkerId, task: &mut OpenTask) -> [Entry; 2] {
        task.claim_no = 1;
        let request = self.request(task);
        let started = Started { worker, task: task.clone(), request: request.clone() };
        let result = match &task.work {
            Work::Category(category) => {
                let page = self.market.page_of(&category.node_id, task.next_page);
                PageResult::Products { rows: page.products, bad_rows: 0, unread_prices: 0, last: !page.has_more }
            }
            Work::Product(target) => {
                PageResult::Sellers { sightings: self.market.sellers_of(&target.title), last: true }
            }
        };
        let outcome = Outcome {
            raw: None,
            job: None,
            worker,
            task_no: task.task_no,
            phase: task.work.phase(),
            claim_no: task.claim_no,
            request_no: task.requests + 1,
            page: task.next_page,
            request,
            at: self.clock.now(),
            duration_ms: 0,
            cost: COST,
            result,
        };
        task.requests += 1;
        task.next_page += 1;
        [Entry::Started(started), Entry::Outcome(outcome)]
    }

    fn request(&self, task: &OpenTask) -> Request {
        let (page, started_at) = (task.next_page, self.clock.now());
        let (subject, url, api_params) = match &task.work {
            Work::Category(category) => (
                Subject { category: Some(category.name.clone()), product_name: None },
                format!("https://www.amazon.com/gp/bestsellers/{}?pg={page}", category.node_id),
                ApiParams { node_id: Some(category.node_id.clone()), page, ..ApiParams::default() },
            ),
            Work::Product(target) => {
                let price = target.price.map(|price| price.minor);
                let api_params = ApiParams {
                    query: Some(target.title.clone()),
                    price_min: price.map(|price| price * 9 / 5),
                    price_max: price.map(|price| price * 11 / 5),
                    page,
                    node_id: None,
                    job_id: None,
                };
                let subject =
                    Subject { category: Some(target.category.clone()), product_name: Some(target.title.clone()) };
                let url =
                    format!("https://www.ebay.com/sch/i.html?_nkw={}&_pgn={page}", target.title.replace(' ', "+"));
                (subject, url, api_params)
            }
        };
        Request { subject, url, api_params, attempt: 1, started_at }
    }
}
