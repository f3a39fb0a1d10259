//! What a run can be made of: the categories by department, and the settings that hold where it names none.

use actix_web::web::{Data, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use schemars::JsonSchema;
use serde::Serialize;

use super::planned_run::org_defaults;
use crate::domain::settings::RunSettings;
use crate::web::auth::Caller;
use crate::web::error::Problem;
use crate::web::query::Query;
use crate::web::shared::Shared;

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Categories")]
struct Tree {
    departments: Vec<Department>,
    settings_defaults: RunSettings,
}

#[derive(Serialize, JsonSchema)]
struct Department {
    name: String,
    categories: Vec<CategoryView>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "CategoryChoice")]
struct CategoryView {
    id: String,
    name: String,
    node_id: String,
}

/// `GET /amazon/categories`: departments and their categories, in the store's order, and the settings of a run of this
/// organisation that names none.
///
/// # Errors
/// 503 while the database is away.
pub async fn tree(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    let mut departments: Vec<Department> = Vec::new();
    for row in shared.rooms.store.categories().await? {
        let category = CategoryView { id: row.id, name: row.name, node_id: row.node_id };
        match departments.iter_mut().find(|department| department.name == row.department) {
            Some(department) => department.categories.push(category),
            None => departments.push(Department { name: row.department, categories: vec![category] }),
        }
    }
    let settings_defaults = org_defaults(&shared, caller.org).await?;
    Ok(HttpResponse::Ok().json(Tree { departments, settings_defaults }))
}

/// What the document says of these routes.
pub(in crate::web) mod says {
    use super::Tree;
    use crate::web::error::Kind;
    use crate::web::openapi::Operation;

    pub fn tree() -> Operation {
        Operation::new("listCategories", "What a run can be made of, and the settings of one that names none.")
            .json::<Tree>(200, "departments with their categories, in the store's order")
            .problems(&[Kind::InvalidFields])
    }
}
