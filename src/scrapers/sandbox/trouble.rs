//! What happens to each request before the marketplace is asked: outage, rate limit, faults, latency. Faults are decided by
//! the seed, the page and how often the page was drawn for; nothing here knows HTTP.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use super::config::{FaultKind, Faults, Latency, Limits, Outage, Spread};
use super::draw::Draw;

/// Pages whose failures are remembered. Beyond, pages do not fail: so the promise about failures in a row holds.
const PAGES_MAX: usize = 200_000;
/// Failures of one page in a row, unless faults are independent.
const IN_A_ROW_MAX: u8 = 2;

/// What happens to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Answer,
    Fault(FaultKind),
    Outage,
    RateLimited,
    DomainThrottled,
}

/// A request's verdict, and what goes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Turn {
    pub(super) verdict: Verdict,
    pub(super) latency: Duration,
    /// For the headers: requests a second, and how many are left in this one.
    pub(super) limit: Option<(u32, u32)>,
    /// The same of rendered ones.
    pub(super) rendered_limit: Option<(u32, u32)>,
    /// A number that the seed decides, for what a fault looks like.
    pub(super) look: u64,
}

#[derive(Default)]
struct Page {
    draws: u64,
    in_a_row: u8,
}

/// The state of all that can go wrong.
pub(super) struct Trouble {
    seed: u64,
    pub(super) faults: Faults,
    pub(super) latency: Latency,
    pub(super) limits: Limits,
    /// Requests that are still answered, and that then fail.
    outage: Option<(u64, Option<u64>)>,
    pages: HashMap<u64, Page>,
    second: Option<Instant>,
    used: u32,
    rendered_used: u32,
}

impl Trouble {
    pub(super) fn new(seed: u64, latency: Latency, faults: Faults, limits: Limits) -> Self {
        Self {
            seed,
            faults,
            latency,
            limits,
            outage: None,
            pages: HashMap::new(),
            second: None,
            used: 0,
            rendered_used: 0,
        }
    }

    pub(super) fn set_outage(&mut self, outage: Outage) {
        self.outage = match outage {
            Outage::Switch { on: true } => Some((0, None)),
            Outage::Switch { on: false } => None,
            Outage::Window { after, lasts } => Some((after, lasts)),
        };
    }

    /// Decides about a request for this page at this moment.
    pub(super) fn decide(&mut self, page: u64, rendered: bool, now: Instant) -> Turn {
        let refused = self.take_place(rendered, now);
        let left = |limit: Option<u32>, used| limit.map(|limit| (limit, limit.saturating_sub(used)));
        let limit = left(self.limits.per_second, self.used);
        let rendered_limit = left(self.limits.rendered_per_second, self.rendered_used);
        let (look, latency) = (self.look(page), self.draw_latency(page));
        let verdict = match refused {
            // A refused request does not count for the outage: it never came to the target.
            Some(refused) => refused,
            None if self.is_out() => Verdict::Outage,
            None => self.draw_fault(page),
        };
        Turn { verdict, latency, limit, rendered_limit, look }
    }

    /// Takes a place in the present second, or says why there is none.
    fn take_place(&mut self, rendered: bool, now: Instant) -> Option<Verdict> {
        let is_over = self.second.is_none_or(|start| now.duration_since(start) >= Duration::from_secs(1));
        if is_over {
            (self.second, self.used, self.rendered_used) = (Some(now), 0, 0);
        }
        self.used = self.used.saturating_add(1);
        self.rendered_used = self.rendered_used.saturating_add(rendered.into());
        let is_over = |limit: Option<u32>, used| limit.is_some_and(|limit| used > limit);
        if is_over(self.limits.per_second, self.used)
            || (rendered && is_over(self.limits.rendered_per_second, self.rendered_used))
        {
            Some(Verdict::RateLimited)
        } else if self.limits.domain_throttled && self.used > 1 {
            Some(Verdict::DomainThrottled)
        } else {
            None
        }
    }

    fn is_out(&mut self) -> bool {
        match &mut self.outage {
            None => false,
            Some((after, _)) if *after > 0 => {
                *after -= 1;
                false
            }
            Some((_, None)) => true,
            Some((_, Some(0))) => {
                self.outage = None;
                false
            }
            Some((_, Some(left))) => {
                *left -= 1;
                true
            }
        }
    }

    fn draws_of(&self, page: u64) -> u64 {
        self.pages.get(&page).map_or(0, |page| page.draws)
    }

    fn look(&self, page: u64) -> u64 {
        Draw::new(self.seed, "look", &[page, self.draws_of(page)]).bits()
    }

    fn draw_latency(&self, page: u64) -> Duration {
        let median = Duration::from_millis(self.latency.ms);
        match self.latency.spread {
            Spread::Fixed => median,
            Spread::Lognormal => {
                let mut draw = Draw::new(self.seed, "latency", &[page, self.draws_of(page)]);
                median.mul_f64(draw.lognormal(1.0, 0.35).min(4.0))
            }
        }
    }

    fn draw_fault(&mut self, page: u64) -> Verdict {
        if self.pages.len() >= PAGES_MAX && !self.pages.contains_key(&page) {
            return Verdict::Answer;
        }
        let (seed, faults) = (self.seed, &self.faults);
        let state = self.pages.entry(page).or_default();
        let mut draw = Draw::new(seed, "fault", &[page, state.draws]);
        state.draws += 1;
        if faults.permanent > 0.0 {
            let mut fate = Draw::new(seed, "permanent", &[page]);
            if fate.chance(faults.permanent) {
                return Verdict::Fault(kind(&mut fate, faults));
            }
        }
        if !draw.chance(faults.rate) {
            state.in_a_row = 0;
            return Verdict::Answer;
        }
        match kind(&mut draw, faults) {
            // Slowing down is no failure of the page.
            FaultKind::Http429 => Verdict::Fault(FaultKind::Http429),
            _ if !faults.independent && state.in_a_row >= IN_A_ROW_MAX => {
                state.in_a_row = 0;
                Verdict::Answer
            }
            kind => {
                state.in_a_row = state.in_a_row.saturating_add(1);
                Verdict::Fault(kind)
            }
        }
    }
}

fn kind(draw: &mut Draw, faults: &Faults) -> FaultKind {
    if faults.kinds.is_empty() {
        return draw.pick(&FaultKind::ALL);
    }
    let mut point = draw.share() * faults.kinds.values().sum::<f64>();
    for (kind, weight) in &faults.kinds {
        point -= weight;
        if point < 0.0 {
            return *kind;
        }
    }
    faults.kinds.keys().next_back().copied().unwrap_or(FaultKind::Http5xx)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn trouble(faults: Faults, limits: Limits) -> Trouble {
        Trouble::new(1, Latency::default(), faults, limits)
    }

    fn harmful(verdict: Verdict) -> bool {
        matches!(verdict, Verdict::Fault(kind) if kind != FaultKind::Http429)
    }

    #[test]
    fn the_rate_is_the_share_of_all_requests_and_no_page_fails_three_times_in_a_row() {
        let mut trouble = trouble(Faults { rate: 0.3, ..Faults::default() }, Limits::default());
        let (mut asked, mut failed) = (0.0, 0.0);
        for page in 0..3_000 {
            let mut in_a_row = 0;
            loop {
                let verdict = trouble.decide(page, false, Instant::now()).verdict;
                asked += 1.0;
                failed += f64::from(verdict != Verdict::Answer);
                in_a_row += i32::from(harmful(verdict));
                assert!(in_a_row <= 2, "page {page}");
                if verdict == Verdict::Answer {
                    break;
                }
            }
        }
        let share = failed / asked;
        assert!((0.27..0.32).contains(&share), "{share}");
    }

    #[test]
    fn independent_draws_may_fail_three_times() {
        let faults = Faults { rate: 0.5, independent: true, ..Faults::default() };
        let mut trouble = trouble(faults, Limits::default());
        let thrice = (0..200)
            .filter(|page| (0..3).all(|_| harmful(trouble.decide(*page, false, Instant::now()).verdict)))
            .count();
        assert!((5..60).contains(&thrice), "{thrice}");
    }

    #[test]
    fn a_permanent_fault_stays_and_other_pages_are_spared() {
        let faults =
            Faults { permanent: 0.1, kinds: BTreeMap::from([(FaultKind::BlockPage, 1.0)]), ..Faults::default() };
        let mut trouble = trouble(faults, Limits::default());
        for page in 0..100 {
            let verdicts: Vec<_> = (0..5).map(|_| trouble.decide(page, false, Instant::now()).verdict).collect();
            assert!(verdicts.iter().all(|verdict| *verdict == verdicts[0]));
        }
        let failing = (0..1_000).filter(|page| harmful(trouble.decide(*page, false, Instant::now()).verdict)).count();
        assert!((60..140).contains(&failing), "{failing}");
    }

    #[test]
    fn every_kind_comes_and_the_order_of_pages_changes_nothing() {
        let faults = || Faults { rate: 0.5, ..Faults::default() };
        let (mut up, mut down) = (trouble(faults(), Limits::default()), trouble(faults(), Limits::default()));
        let first: Vec<_> = (0..500).map(|page| up.decide(page, false, Instant::now()).verdict).collect();
        let mut second: Vec<_> = (0..500).rev().map(|page| down.decide(page, false, Instant::now()).verdict).collect();
        second.reverse();
        assert_eq!(first, second);
        assert!(FaultKind::ALL.iter().all(|kind| first.contains(&Verdict::Fault(*kind))));
    }

    #[tokio::test(start_paused = true)]
    async fn a_second_has_its_places_and_the_next_has_new_ones() {
        let mut trouble = trouble(Faults::default(), Limits { per_second: Some(2), ..Limits::default() });
        let ask = |trouble: &mut Trouble| {
            let turn = trouble.decide(1, false, Instant::now());
            (turn.verdict, turn.limit)
        };
        assert_eq!(ask(&mut trouble), (Verdict::Answer, Some((2, 1))));
        assert_eq!(ask(&mut trouble), (Verdict::Answer, Some((2, 0))));
        assert_eq!(ask(&mut trouble), (Verdict::RateLimited, Some((2, 0))));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(ask(&mut trouble), (Verdict::Answer, Some((2, 1))));
        trouble.limits = Limits { domain_throttled: true, ..Limits::default() };
        assert_eq!(ask(&mut trouble), (Verdict::DomainThrottled, None));
    }

    #[tokio::test(start_paused = true)]
    async fn rendered_requests_have_fewer_places_and_take_from_all() {
        let limits = Limits { per_second: Some(3), rendered_per_second: Some(1), domain_throttled: false };
        let mut trouble = trouble(Faults::default(), limits);
        let mut ask = |rendered| {
            let turn = trouble.decide(1, rendered, Instant::now());
            (turn.verdict, turn.limit.map(|(_, left)| left), turn.rendered_limit.map(|(_, left)| left))
        };
        assert_eq!(ask(true), (Verdict::Answer, Some(2), Some(0)));
        assert_eq!(ask(true), (Verdict::RateLimited, Some(1), Some(0)));
        assert_eq!(ask(false), (Verdict::Answer, Some(0), Some(0)));
        assert_eq!(ask(false), (Verdict::RateLimited, Some(0), Some(0)));
    }

    #[test]
    fn an_outage_begins_and_ends_where_it_was_told() {
        let mut trouble = trouble(Faults::default(), Limits::default());
        trouble.set_outage(Outage::Window { after: 2, lasts: Some(3) });
        let verdicts: Vec<_> =
            (0..7).map(|_| trouble.decide(1, false, Instant::now()).verdict == Verdict::Outage).collect();
        assert_eq!(verdicts, [false, false, true, true, true, false, false]);
        trouble.set_outage(Outage::Switch { on: true });
        assert_eq!(trouble.decide(1, false, Instant::now()).verdict, Verdict::Outage);
        trouble.set_outage(Outage::Switch { on: false });
        assert_eq!(trouble.decide(1, false, Instant::now()).verdict, Verdict::Answer);
    }

    #[test]
    fn spread_latencies_keep_to_their_median_and_bound() {
        let latency = Latency { ms: 200, spread: Spread::Lognormal };
        let mut trouble = Trouble::new(1, latency, Faults::default(), Limits::default());
        let mut times: Vec<_> =
            (0..1_000).map(|page| trouble.decide(page, false, Instant::now()).latency.as_millis()).collect();
        times.sort_unstable();
        assert!((185..215).contains(&times[500]) && times[999] <= 800 && times[0] > 50, "{}", times[500]);
    }
}
