//! Changing the registry: each request is one entry of its history, however many sellers it names.

use actix_web::http::header;
use actix_web::web::{Data, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::one::{ENTRY, EditedView, author, seller_id};
use super::problem::not_edited;
use super::read::{EXCLUDE, FLAG, FLAG_MANY, MANY, NEW, PATCH, REMOVAL, TRIAGE_MANY};
use super::seller::{WholeSeller, whole};
use crate::domain::ids::{EntryId, SellerId};
use crate::domain::registry::{Edit, Patch};
use crate::domain::seller::normalise;
use crate::store::registry::edits::{Edited, NewSeller};
use crate::web::auth::Caller;
use crate::web::body::{json_object, no_body};
use crate::web::error::{Kind, Problem};
use crate::web::etag::{ETag, IfMatch};
use crate::web::fields::Fields;
use crate::web::openapi::field::names;
use crate::web::query::Query;
use crate::web::shared::Shared;

/// What became of names that were to be entered.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Added")]
struct AddedView {
    entry_id: Option<EntryId>,
    added_count: usize,
    /// Names that stood there more than once.
    repeated_count: usize,
    /// Names that were in the registry already.
    known: Vec<String>,
    /// Names that are excluded.
    excluded: Vec<String>,
    seller_count_snapshot: Option<i64>,
}

/// `POST /sellers` with `{"name", "flagged"?, "status"?, "tags"?, "note"?}`: 201 with the seller.
///
/// # Errors
/// 409 where it is in the registry already or excluded, 422 for fields that cannot be taken.
pub async fn create(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    let fields = json_object(&request, payload).await?;
    let mut read = Fields::of(&fields, &names(&NEW));
    let seller = NewSeller { name: read.needed_name("name"), marks: read.marks() };
    read.done()?;
    let author = author(&caller, &request);
    let added = shared.rooms.store.add_sellers(caller.org, &author, std::slice::from_ref(&seller)).await;
    let added = added.map_err(|error| not_edited(error, "name"))?;
    if let Some((id, _)) = added.known.first() {
        let message = format!("a seller of this name is in the registry already: {id}");
        return Err(Problem::field(Kind::RegistryConflict, "name", message).with("seller_id", json!(id)));
    }
    let Some(id) = added.edited.sellers.first() else {
        return Err(excluded(&shared, &caller, &seller.name).await?);
    };
    let whole = whole(&shared, &caller, *id).await?;
    let mut answer = HttpResponse::Created();
    answer.insert_header((header::LOCATION, format!("/sellers/{id}"))).insert_header(ETag::of(&whole).header());
    Ok(answer.json(whole.seller()))
}

/// Why an excluded name is not entered: which seller to bring back instead.
async fn excluded(shared: &Shared, caller: &Caller, name: &str) -> Result<Problem, Problem> {
    let removed = shared.rooms.store.last_removed(caller.org, &normalise(name)).await?;
    let which = removed.map(|id| format!(": {id}")).unwrap_or_default();
    let message = format!("the seller is excluded; restore the removed seller of this name to let it in again{which}");
    Ok(Problem::field(Kind::RegistryConflict, "name", message).with("seller_id", json!(removed)))
}

/// `POST /sellers/bulk` with `{"names": [...], "flagged"?, "status"?, "tags"?, "note"?}`: enters those that are new.
///
/// # Errors
/// 422 with each name that cannot be taken; nothing is entered then.
pub async fn create_many(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    let fields = json_object(&request, payload).await?;
    let mut read = Fields::of(&fields, &names(&MANY));
    let marks = read.marks();
    let (sellers, repeated) = read.names("names", &marks);
    read.done()?;
    let added = shared.rooms.store.add_sellers(caller.org, &author(&caller, &request), &sellers).await;
    let added = added.map_err(|error| not_edited(error, "names"))?;
    let mut known: Vec<String> = added.known.into_iter().map(|(_, name)| name).collect();
    known.sort();
    Ok(HttpResponse::Ok().json(AddedView {
        entry_id: added.edited.entry,
        added_count: added.edited.sellers.len(),
        repeated_count: repeated,
        known,
        excluded: added.excluded,
        seller_count_snapshot: added.edited.head.map(|head| head.sellers),
    }))
}

/// `PATCH /sellers/{id}` with `{"name"?, "flagged"?, "status"?, "tags"?, "note"?}`: the seller as it is then. Another name says
/// what people call it; runs go on to find it as what they saw. With `If-Match`,
/// as the other changes of one seller, only where it still is what `GET /sellers/{id}` showed.
///
/// # Errors
/// 404 where the caller has no such seller, 409 where the name is taken or the seller is removed, 412 where it is not what
/// `If-Match` names, 422.
pub async fn change(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    let id = seller_id(&request)?;
    let fields = json_object(&request, payload).await?;
    let mut read = Fields::of(&fields, &names(&PATCH));
    let patch = read.patch();
    read.done()?;
    let edited = edit_one(&shared, &caller, &request, id, &Edit::Change(patch)).await?;
    answer(&shared, &caller, id, &edited).await
}

/// `POST /sellers/bulk/triage` with `{"ids": [...], "status"?, "tags"?: {"add"?: [...], "remove"?: [...]}, "note"?,
/// "flagged"?}`: the same change of many, and one entry.
///
/// # Errors
/// 409 where one of them is removed or would have too many tags, 422 where one is no seller of the caller's; nothing is
/// changed then.
pub async fn triage_many(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    let fields = json_object(&request, payload).await?;
    let mut read = Fields::of(&fields, &names(&TRIAGE_MANY));
    let (ids, patch) = (read.ids("ids"), read.triage());
    read.done()?;
    edit(&shared, &caller, &request, &ids, &Edit::Change(patch), "ids").await
}

/// `DELETE /sellers/{id}?exclude=true|false`: removes it; excluded, no run brings it back. One that is removed already can be
/// excluded still.
///
/// # Errors
/// 404 where the caller has no such seller, 409 where another seller of its name is in the registry, which would be excluded
/// with it.
pub async fn remove(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let query = Query::of(&request, &names(&[EXCLUDE]))?;
    let exclude = query.flag("exclude")?.unwrap_or_default();
    let id = seller_id(&request)?;
    no_body(payload).await?;
    let edited = edit_one(&shared, &caller, &request, id, &Edit::Remove { exclude }).await?;
    Ok(HttpResponse::Ok().json(EditedView::from(&edited)))
}

/// `POST /sellers/bulk/delete` with `{"ids": [...], "exclude"?}`.
///
/// # Errors
/// 422 where one of them is no seller of the caller's; nothing is removed then.
pub async fn remove_many(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    let fields = json_object(&request, payload).await?;
    let mut read = Fields::of(&fields, &names(&REMOVAL));
    let (ids, exclude) = (read.ids("ids"), read.flag("exclude").unwrap_or_default());
    read.done()?;
    edit(&shared, &caller, &request, &ids, &Edit::Remove { exclude }, "ids").await
}

/// `POST /sellers/{id}/flag` with `{"flagged": true|false}`: the seller as it is then.
///
/// # Errors
/// 404 where the caller has no such seller, 409 where it is removed, 422.
pub async fn flag(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    let id = seller_id(&request)?;
    let fields = json_object(&request, payload).await?;
    let mut read = Fields::of(&fields, &names(&FLAG));
    let flagged = Some(read.needed_flag("flagged"));
    read.done()?;
    let patch = Edit::Change(Patch { flagged, ..Patch::default() });
    let edited = edit_one(&shared, &caller, &request, id, &patch).await?;
    answer(&shared, &caller, id, &edited).await
}

/// `POST /sellers/flag-batch` with `{"ids": [...], "flagged": true|false}`.
///
/// # Errors
/// 409 where one of them is removed, 422 where one is no seller of the caller's; nothing is flagged then.
pub async fn flag_many(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    let fields = json_object(&request, payload).await?;
    let mut read = Fields::of(&fields, &names(&FLAG_MANY));
    let (ids, flagged) = (read.ids("ids"), Some(read.needed_flag("flagged")));
    read.done()?;
    let patch = Edit::Change(Patch { flagged, ..Patch::default() });
    edit(&shared, &caller, &request, &ids, &patch, "ids").await
}

/// `POST /sellers/{id}/restore`: brings a removed seller back, and lets runs see it again.
///
/// # Errors
/// 404 where the caller has no such seller, 409 where another seller has its name by now.
pub async fn restore(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    let id = seller_id(&request)?;
    no_body(payload).await?;
    let edited = edit_one(&shared, &caller, &request, id, &Edit::Restore).await?;
    answer(&shared, &caller, id, &edited).await
}

/// Changes sellers that stand in this field.
async fn edit(
    shared: &Shared,
    caller: &Caller,
    request: &HttpRequest,
    ids: &[SellerId],
    edit: &Edit,
    field: &str,
) -> Result<HttpResponse, Problem> {
    let edited = shared.rooms.store.edit_sellers(caller.org, &author(caller, request), ids, edit).await;
    let edited = edited.map_err(|error| not_edited(error, field))?;
    Ok(HttpResponse::Ok().json(EditedView::from(&edited)))
}

/// Changes the seller of the path, where it still is what `If-Match` names.
async fn edit_one(
    shared: &Shared,
    caller: &Caller,
    request: &HttpRequest,
    id: SellerId,
    edit: &Edit,
) -> Result<Edited, Problem> {
    let (expected, author) = (IfMatch::of(request)?, author(caller, request));
    let store = &shared.rooms.store;
    let edited = if expected.names_tags() {
        let is_expected = |row, found| expected.allows(&WholeSeller::of(row, found));
        store.edit_seller_if(caller.org, &author, id, edit, &is_expected).await
    } else {
        store.edit_sellers(caller.org, &author, &[id], edit).await
    };
    edited.map_err(|error| not_edited(error, ""))
}

/// The seller as it is now, with the entry that can be taken back, where the change made one.
async fn answer(shared: &Shared, caller: &Caller, id: SellerId, edited: &Edited) -> Result<HttpResponse, Problem> {
    let whole = whole(shared, caller, id).await?;
    let mut answer = HttpResponse::Ok();
    answer.insert_header(ETag::of(&whole).header());
    if let Some(entry) = edited.entry {
        answer.insert_header((ENTRY, entry.to_string()));
    }
    Ok(answer.json(whole.seller()))
}

/// What the document says of these routes.
pub(in crate::web) mod says {
    use super::{AddedView, EXCLUDE, FLAG, FLAG_MANY, MANY, NEW, PATCH, REMOVAL, TRIAGE_MANY};
    use crate::web::api::registry::one::{ENTRY, EditedView, SellerView};
    use crate::web::error::Kind;
    use crate::web::openapi::Operation;

    pub fn create() -> Operation {
        Operation::new("addSeller", "Enters a seller by hand.")
            .body(&NEW)
            .json::<SellerView>(201, "the seller")
            .tells("Location", "its path")
            .problems(&[Kind::RegistryConflict])
    }

    pub fn create_many() -> Operation {
        Operation::new("addSellers", "Enters those of many names that are new, as one entry of the history.")
            .body(&MANY)
            .json::<AddedView>(200, "what became of the names")
            .problems(&[Kind::RegistryConflict])
    }

    pub fn change() -> Operation {
        Operation::new("changeSeller", "Changes what people say of a seller, or its name; what is left out stays.")
            .body(&PATCH)
            .json::<SellerView>(200, "the seller as it is then")
            .problems(&[Kind::RegistryConflict])
            .conditional()
            .tells("ETag", "what it is then, for `If-Match`")
            .tells(ENTRY, "the entry of the history, which can be taken back; none where nothing was changed")
    }

    pub fn remove() -> Operation {
        Operation::new("removeSeller", "Removes a seller; excluded, no run brings it back.")
            .query(&[EXCLUDE])
            .json::<EditedView>(200, "what that did")
            .problems(&[Kind::RegistryConflict])
            .conditional()
    }

    pub fn remove_many() -> Operation {
        Operation::new("removeSellers", "Removes many sellers, as one entry of the history.")
            .body(&REMOVAL)
            .json::<EditedView>(200, "what that did")
            .problems(&[Kind::RegistryConflict])
    }

    pub fn triage_many() -> Operation {
        Operation::new("triageSellers", "Says of many sellers what people think of them, as one entry of the history.")
            .body(&TRIAGE_MANY)
            .json::<EditedView>(200, "what that did")
            .problems(&[Kind::RegistryConflict])
    }

    pub fn flag() -> Operation {
        Operation::new("flagSeller", "Flags a seller, or takes the flag away.")
            .body(&FLAG)
            .json::<SellerView>(200, "the seller as it is then")
            .problems(&[Kind::RegistryConflict])
            .conditional()
            .tells("ETag", "what it is then, for `If-Match`")
            .tells(ENTRY, "the entry of the history, which can be taken back; none where nothing was changed")
    }

    pub fn flag_many() -> Operation {
        Operation::new("flagSellers", "Flags many sellers, as one entry of the history.")
            .body(&FLAG_MANY)
            .json::<EditedView>(200, "what that did")
            .problems(&[Kind::RegistryConflict])
    }

    pub fn restore() -> Operation {
        Operation::new("restoreSeller", "Brings a removed seller back, and lets runs see it again.")
            .json::<SellerView>(200, "the seller as it is then")
            .problems(&[Kind::RegistryConflict])
            .conditional()
            .tells("ETag", "what it is then, for `If-Match`")
            .tells(ENTRY, "the entry of the history, which can be taken back; none where nothing was changed")
    }
}
