//! The provider that is configured, as runs ask it and as the web sees it.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::AppError;
use crate::actors::run_context::{MakeProviders, Providers};
use crate::config::{Config, Provider as Configured};
use crate::domain::failure::{Failure, RetryKind};
use crate::scrapers::oxylabs::{self, Accounts, Allowed, Oxylabs, Refusing};
use crate::scrapers::{CategoryRequest, catalogue};
use crate::web::provider::{Asked, Asking, Facts, Provider, Sent};

/// Makes a run's providers. Credentials of the real one are read anew for each run that starts or resumes, so that mended
/// ones are used at once; where they cannot be read, the run is refused and says why. All runs share what an account may
/// send. A run that was begun with another provider is refused too: what one sells would be mixed with what another makes up.
pub fn make_providers(config: Config, sandbox: Option<oxylabs::Settings>, accounts: Accounts) -> MakeProviders {
    Arc::new(move |begun_with| {
        let own = config.provider.name();
        if let Some(other) = begun_with.filter(|other| *other != own) {
            return refusing(format!("the run was begun with {other}, and this engine asks {own}"));
        }
        let settings = match &sandbox {
            Some(settings) => Ok(settings.clone()),
            None => config.oxylabs_anew().map_err(AppError::from),
        };
        let on_account = |settings: oxylabs::Settings| {
            let account = accounts.of(&settings);
            Ok(Oxylabs::new(settings)?.on(account))
        };
        match settings.and_then(on_account) {
            Ok(client) => Providers { best_sellers: Rc::new(client.clone()), seller_search: Rc::new(client) },
            Err(error) => refusing(format!("the provider's settings cannot be used: {error}")),
        }
    })
}

fn refusing(reason: String) -> Providers {
    let refusing = Refusing::new(reason);
    Providers { best_sellers: Rc::new(refusing.clone()), seller_search: Rc::new(refusing) }
}

/// The provider behind the seam that the web asks through: as a run would ask it, on the same account.
pub struct ProviderSeam {
    config: Config,
    accounts: Accounts,
    make_providers: MakeProviders,
}

impl ProviderSeam {
    /// The provider of this configuration.
    #[must_use]
    pub fn new(config: Config, accounts: Accounts, make_providers: MakeProviders) -> Self {
        Self { config, accounts, make_providers }
    }
}

impl Provider for ProviderSeam {
    fn facts(&self) -> Facts {
        let Allowed { requests_per_second, rendered_per_second, throttled } = self.accounts.allowed();
        let (address, plan) = match &self.config.provider {
            Configured::Oxylabs(settings) => (Some(settings.base_url.clone()), settings.plan),
            Configured::Sandbox(_) => (None, oxylabs::Plan::default()),
        };
        // Nothing was asked yet: what is configured holds until an answer says more.
        let limit =
            |seen: f64, configured: Option<u32>| Some(seen).filter(|seen| *seen > 0.0).or(configured.map(f64::from));
        Facts {
            name: self.config.provider.name(),
            address,
            is_sandbox: matches!(self.config.provider, Configured::Sandbox(_)),
            requests_per_second: limit(requests_per_second, plan.requests_per_second),
            rendered_per_second: limit(rendered_per_second, plan.rendered_per_second),
            is_throttled: throttled > 0,
            monthly_requests: self.config.monthly_request_budget,
        }
    }

    fn ask(&self, patience: Duration) -> Asking {
        let providers = (self.make_providers)(None);
        Box::pin(async move {
            let first = catalogue::categories().next();
            let provider = providers.best_sellers;
            let unsent = |failure| Asked { came: Err(failure), sent: None };
            let Some(first) = first else {
                return unsent(Failure::retryable(RetryKind::Malformed, "the catalogue is empty"));
            };
            if let Some(why) = provider.unusable() {
                return unsent(Failure::Refused { detail: why.to_owned() });
            }
            let asked_at = Instant::now();
            if timeout(patience, provider.admit()).await.is_err() {
                let detail =
                    format!("nothing was asked: runs took all that the account may send, for {} s", patience.as_secs());
                return unsent(Failure::retryable(RetryKind::Timeout, detail));
            }
            let timeout = patience.saturating_sub(asked_at.elapsed());
            let request = CategoryRequest { node_id: first.node_id.to_owned(), page: 1, timeout };
            let sent_at = Instant::now();
            let answer = provider.ask(&request, None).await;
            let sent = Sent { cost: answer.cost, took: sent_at.elapsed() };
            Asked { came: answer.result.map(|page| page.products.len()), sent: Some(sent) }
        })
    }
}
