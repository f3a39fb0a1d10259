//! Settings as a body gives them: any of them, each within its bounds, and nothing else.

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use crate::domain::settings::RunSettings;

/// Settings of a run that lie over others.
pub fn settings(_: &mut SchemaGenerator) -> Value {
    let inline = SchemaSettings::draft2020_12().for_deserialize().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut schema = Value::from(inline.into_generator().into_root_schema_for::<RunSettings>());
    for (name, _, least, most) in RunSettings::default().bounds() {
        if let Some(setting) = schema.pointer_mut(&format!("/properties/{name}")) {
            setting["minimum"] = json!(least);
            setting["maximum"] = json!(most);
        }
    }
    // What a setting is where nothing is said is up to what it lies over.
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.values_mut().filter_map(Value::as_object_mut).for_each(|setting| drop(setting.remove("default")));
    }
    schema
}

/// Names of settings.
pub fn setting_names(generator: &mut SchemaGenerator) -> Value {
    let schema = settings(generator);
    let names: Vec<&String> = schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name).collect();
    json!({"type": "array", "items": {"enum": names}})
}
