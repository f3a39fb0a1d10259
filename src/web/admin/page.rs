//! How a page is made: the API is asked in the name of whoever asks for the page, and its answers are put into a template.

use std::future::{Future, Ready, ready};

use actix_web::body::to_bytes;
use actix_web::dev::Payload;
use actix_web::http::header::{CACHE_CONTROL, ContentType};
use actix_web::web::{Data, ReqData};
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse};
use serde_json::{Value, json};

use super::template::render;
use crate::domain::rights::Need;
use crate::web::api::people::me;
use crate::web::auth::Caller;
use crate::web::error::Problem;
use crate::web::query::{Instead, NOT_AFTER};
use crate::web::shared::Shared;

/// What a page asks the API with: the request that it got itself.
pub struct Asks {
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
}

impl FromRequest for Asks {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let mut taken = || {
            let shared = Data::from_request(request, payload).into_inner()?;
            let caller = ReqData::from_request(request, payload).into_inner()?;
            Ok(Self { shared, caller, request: request.clone() })
        };
        ready(taken())
    }
}

impl Asks {
    /// What this handler of the API answers to this query, for the path's own ids; nothing where the caller may not ask it.
    ///
    /// # Errors
    /// The handler's.
    pub async fn if_may<F, A>(&self, need: Need, handler: F, query: &str) -> Result<Option<Value>, Problem>
    where
        F: FnOnce(Data<Shared>, ReqData<Caller>, HttpRequest) -> A,
        A: Future<Output = Result<HttpResponse, Problem>>,
    {
        if need.is_met_by(self.caller.permissions) { self.api(handler, query).await.map(Some) } else { Ok(None) }
    }

    /// The same of a handler that asks for nothing beyond what the page does.
    ///
    /// # Errors
    /// The handler's.
    pub async fn api<F, A>(&self, handler: F, query: &str) -> Result<Value, Problem>
    where
        F: FnOnce(Data<Shared>, ReqData<Caller>, HttpRequest) -> A,
        A: Future<Output = Result<HttpResponse, Problem>>,
    {
        self.request.extensions_mut().insert(Instead(query.to_owned()));
        let answer = handler(self.shared.clone(), self.caller.clone(), self.request.clone()).await?;
        told(answer).await
    }

    /// The same of a list that is asked for between two days: where there is nothing between them, a list of nothing, and `true`.
    ///
    /// # Errors
    /// The handler's others.
    pub async fn list<F, A>(&self, handler: F, query: &str) -> Result<(Value, bool), Problem>
    where
        F: FnOnce(Data<Shared>, ReqData<Caller>, HttpRequest) -> A,
        A: Future<Output = Result<HttpResponse, Problem>>,
    {
        match self.api(handler, query).await {
            Err(problem) if problem.is_only(NOT_AFTER) => {
                Ok((json!({"items": [], "next_cursor": null, "total_estimate": 0}), true))
            }
            told => told.map(|list| (list, false)),
        }
    }

    /// Whether somebody in particular looks at the page.
    pub fn is_person(&self) -> bool {
        self.caller.user.is_some()
    }

    /// The page's own query, as it was written.
    pub fn query(&self) -> &str {
        self.request.query_string()
    }

    /// Who looks at the page.
    ///
    /// # Errors
    /// Those of the API.
    pub async fn me(&self) -> Result<Value, Problem> {
        self.api(me::read, "").await
    }

    /// The template with what the page is about, and with what every page shows: who looks at it, and where they are.
    ///
    /// # Errors
    /// 500 where the template asks for something that is not there.
    pub async fn page(&self, template: &str, about: Value) -> Result<HttpResponse, Problem> {
        let me = self.me().await?;
        let here = json!({"path": self.request.path(), "query": self.query()});
        let html = render(template, &json!({"me": me, "here": here, "page": about})).map_err(Problem::internal)?;
        Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).content_type(ContentType::html()).body(html))
    }
}

/// The answer's JSON.
async fn told(answer: HttpResponse) -> Result<Value, Problem> {
    let body = to_bytes(answer.into_body()).await.map_err(|error| Problem::internal(error.to_string()))?;
    serde_json::from_slice(&body).map_err(|error| Problem::internal(format!("an answer of the API: {error}")))
}
