//! When a run that the engine paused for an outage asks for one page, to see whether the provider is well again.

use chrono::{DateTime, TimeDelta, Utc};

use super::run::{Pause, PauseReason};

/// Waits before the first probes, in minutes; the last is that of every further one.
const WAITS_MINUTES: [i64; 5] = [1, 2, 5, 10, 15];
/// Longest wait that a provider's own word is granted, in minutes.
const STATED_MINUTES_MAX: i64 = 60;
/// So long after the pause began it waits for a person, in hours.
const GIVE_UP_HOURS: i64 = 12;

impl PauseReason {
    /// Whether time alone may mend it.
    #[must_use]
    pub fn resumes_by_itself(self) -> bool {
        match self {
            Self::ConsecutiveFailures | Self::FailureRate | Self::RateLimited => true,
            Self::Manual | Self::ProviderRefused | Self::SuspiciousResults | Self::Budget | Self::CrashLoop => false,
        }
    }
}

impl Pause {
    /// The pause with the time of its next probe, from `now` on: the provider's own word where it gave one, else longer
    /// with each probe. No time where only a person can mend it, or it was tried for long enough.
    #[must_use]
    pub fn with_next_probe(self, stated: Option<TimeDelta>, now: DateTime<Utc>) -> Self {
        let nth = usize::from(self.probes).min(WAITS_MINUTES.len() - 1);
        let wait = stated.unwrap_or(TimeDelta::minutes(WAITS_MINUTES[nth]));
        let at = now + wait.clamp(TimeDelta::minutes(1), TimeDelta::minutes(STATED_MINUTES_MAX));
        let resumes_at = (self.reason.resumes_by_itself() && at <= self.gives_up_at()).then_some(at);
        Self { resumes_at, ..self }
    }

    /// From then on it waits for a person.
    #[must_use]
    pub fn gives_up_at(&self) -> DateTime<Utc> {
        self.since + TimeDelta::hours(GIVE_UP_HOURS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_767_225_600 + minutes * 60, 0).expect("a time")
    }

    fn pause(reason: PauseReason, probes: u16) -> Pause {
        Pause { probes, ..Pause::of(reason, at(0)) }
    }

    #[test]
    fn probes_come_after_one_two_five_ten_and_then_every_fifteen_minutes_for_twelve_hours() {
        let (mut now, mut waits) = (0, Vec::new());
        for probes in 0.. {
            let next = pause(PauseReason::ConsecutiveFailures, probes).with_next_probe(None, at(now)).resumes_at;
            let Some(next) = next else { break };
            waits.push((next - at(now)).num_minutes());
            now = (next - at(0)).num_minutes();
        }
        assert_eq!(waits[..6], [1, 2, 5, 10, 15, 15]);
        assert!((706..=720).contains(&now), "the last probe is {now} minutes after the pause");
    }

    #[test]
    fn a_stated_time_is_waited_for_and_capped() {
        let next = |stated| {
            let next = pause(PauseReason::RateLimited, 3).with_next_probe(Some(stated), at(0)).resumes_at;
            (next.expect("a time") - at(0)).num_minutes()
        };
        assert_eq!(next(TimeDelta::minutes(30)), 30);
        assert_eq!(next(TimeDelta::hours(10)), 60);
        assert_eq!(next(TimeDelta::seconds(2)), 1, "there was nothing but rate limits for ten minutes");
    }

    #[test]
    fn what_only_a_person_can_mend_never_resumes_by_itself() {
        for reason in PauseReason::ALL {
            let resumes = pause(*reason, 0).with_next_probe(None, at(0)).resumes_at.is_some();
            assert_eq!(resumes, reason.resumes_by_itself(), "{reason}");
        }
        assert!(!PauseReason::ProviderRefused.resumes_by_itself() && PauseReason::FailureRate.resumes_by_itself());
    }
}
