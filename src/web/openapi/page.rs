//! `/docs`: the document as a page, made here, without scripts and without anything from elsewhere.

use std::fmt::Write;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::Value;

use super::{answer, document};
use crate::web::error::Problem;
use crate::web::query::Query;
use crate::web::shared::Shared;

/// `GET /docs`.
///
/// # Errors
/// 400 for a parameter.
pub async fn read(shared: Data<Shared>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    let text = shared.document.page.get_or_init(|| page(&document()));
    Ok(answer(text.clone(), "text/html; charset=utf-8", &request))
}

/// What stands before the document.
pub(in crate::web) const HEAD: &str = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
    <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>Gleaner API</title>\n\
    <link rel=\"icon\" href=\"/static/icon.svg\" type=\"image/svg+xml\">\n\
    <link rel=\"stylesheet\" href=\"/static/tokens.css\">\n\
    <link rel=\"stylesheet\" href=\"/static/docs.css\">\n</head>\n<body>\n";

fn page(document: &Value) -> String {
    let mut page = Page(HEAD.to_owned());
    page.head(document);
    page.put("<main>\n");
    for part in members(&document["tags"]) {
        page.part(part, document);
    }
    page.put("<section id=\"schemas\"><h2>Schemas</h2>\n");
    for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
        page.put(&format!("<details id=\"schema-{0}\"><summary><code>{0}</code></summary>\n", escaped(name)));
        page.json(schema);
        page.put("</details>\n");
    }
    page.put("</section>\n</main>\n</body>\n</html>\n");
    page.0
}

/// The page as far as it is written.
struct Page(String);

impl Page {
    fn put(&mut self, html: &str) {
        self.0.push_str(html);
    }

    fn head(&mut self, document: &Value) {
        let info = &document["info"];
        self.put(&format!(
            "<header><h1>{} {}</h1>\n<p>{}</p>\n<p>The same for programs: <a href=\"/openapi.json\">openapi.json</a>.</p>\n",
            text(&info["title"]),
            text(&info["version"]),
            prose(&info["description"])
        ));
        self.put("<nav>");
        for part in members(&document["tags"]) {
            self.put(&format!("<a href=\"#{0}\">{0}</a> ", text(&part["name"])));
        }
        self.put("<a href=\"#schemas\">schemas</a></nav></header>\n");
    }

    fn part(&mut self, part: &Value, document: &Value) {
        let name = text(&part["name"]);
        self.put(&format!("<section id=\"{name}\"><h2>{name}</h2>\n<p>{}</p>\n", prose(&part["description"])));
        for (path, operations) in document["paths"].as_object().into_iter().flatten() {
            for (method, operation) in operations.as_object().into_iter().flatten() {
                // HEAD is GET without the body.
                if method != "head" && operation["tags"][0] == part["name"] {
                    self.operation(method, path, operation);
                }
            }
        }
        self.put("</section>\n");
    }

    fn operation(&mut self, method: &str, path: &str, operation: &Value) {
        let method = method.to_ascii_uppercase();
        self.put(&format!(
            "<details id=\"{}\"><summary><b class=\"{method}\">{method}</b> <code>{}</code> <span>{}</span></summary>\n",
            text(&operation["operationId"]),
            escaped(path),
            prose(&operation["summary"])
        ));
        self.doors(operation);
        self.parameters(operation);
        if let Some(body) = operation.pointer("/requestBody/content/application~1json") {
            self.put("<h3>Body</h3>\n");
            if body.get("schema").is_some() {
                self.content(body);
            } else {
                self.put(
                    "<p>A file of sellers: CSV, JSON, one JSON object a line, a workbook, or one name a line.</p>\n",
                );
            }
        }
        self.put("<h3>Answers</h3>\n");
        for (status, answer) in operation["responses"].as_object().into_iter().flatten() {
            self.answer(status, answer);
        }
        self.put("</details>\n");
    }

    fn doors(&mut self, operation: &Value) {
        let asked = match operation["security"].as_array().map(Vec::as_slice) {
            Some([]) | None => "Open to everybody.".to_owned(),
            Some(_) => match members(&operation["x-permission"]).map(text).collect::<Vec<_>>().as_slice() {
                [] => "For everybody with a valid token or session.".to_owned(),
                needed => format!("Needs <code>{}</code>.", needed.join("</code> or <code>")),
            },
        };
        let recorded = match operation["x-audit-action"].as_str() {
            Some(action) => format!(" The audit log has it as <code>{}</code>.", escaped(action)),
            None => String::new(),
        };
        self.put(&format!("<p>{asked}{recorded}</p>\n"));
    }

    fn parameters(&mut self, operation: &Value) {
        let mut parameters = members(&operation["parameters"]).peekable();
        if parameters.peek().is_none() {
            return;
        }
        self.put("<h3>Parameters</h3>\n<table>\n");
        for parameter in parameters {
            let needed = if parameter["required"] == true { ", needed" } else { "" };
            self.put(&format!(
                "<tr><th><code>{}</code></th><td>{}{needed}</td><td>{}</td><td><code>{}</code></td></tr>\n",
                text(&parameter["name"]),
                text(&parameter["in"]),
                prose(&parameter["description"]),
                escaped(&parameter["schema"].to_string())
            ));
        }
        self.put("</table>\n");
    }

    fn answer(&mut self, status: &str, answer: &Value) {
        self.put(&format!("<h4>{} {}</h4>\n", escaped(status), prose(&answer["description"])));
        for (media_type, content) in answer["content"].as_object().into_iter().flatten() {
            if media_type == "application/problem+json" {
                let types = content.pointer("/schema/allOf/1/properties/type/enum").map(members).into_iter().flatten();
                let types: Vec<String> = types.map(|name| format!("<code>{}</code>", text(name))).collect();
                self.put(&format!("<p>{}</p>\n", types.join(" ")));
            } else {
                self.put(&format!("<p><code>{}</code></p>\n", escaped(media_type)));
                self.content(content);
            }
        }
    }

    fn content(&mut self, content: &Value) {
        let schema = &content["schema"];
        match schema["$ref"].as_str().and_then(|place| place.rsplit('/').next()) {
            Some(name) => self.put(&format!("<p><a href=\"#schema-{0}\">{0}</a></p>\n", escaped(name))),
            None => {
                self.put("<details><summary>Schema</summary>\n");
                self.json(schema);
                self.put("</details>\n");
            }
        }
        if let Some(example) = content.get("example") {
            self.json(example);
        }
    }

    fn json(&mut self, value: &Value) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.0, "<pre tabindex=\"0\">{}</pre>", escaped(&format!("{value:#}")));
    }
}

fn members(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    escaped(value.as_str().unwrap_or_default())
}

/// Sentences, in which a word between backticks is somebody's to type.
fn prose(value: &Value) -> String {
    let text = text(value);
    let parts = text.split('`').enumerate();
    parts.map(|(index, part)| if index % 2 == 1 { format!("<code>{part}</code>") } else { part.to_owned() }).collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// What the document says of these routes.
pub(in crate::web) mod says {
    use crate::web::openapi::Operation;

    pub fn read() -> Operation {
        Operation::new("readDocs", "This document as a page, which needs nothing from elsewhere.")
            .file(200, "the page", "text/html")
            .tells("ETag", "which version of the page it is, for `If-None-Match`")
            .nothing(304, "the browser's copy is still right")
    }
}
