//! What a run collects: categories that are named one by one, or by a preset or a template.

use super::ids::{PresetId, TemplateId};

/// What a run collects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// These categories, by id.
    Categories(Vec<String>),
    /// Those of a preset, as they are when the run is made.
    Preset(PresetId),
    /// What a template says, with its settings.
    Template(TemplateId),
}

impl Selection {
    /// The categories, where they are named one by one.
    #[must_use]
    pub fn category_ids(&self) -> Option<&[String]> {
        if let Self::Categories(ids) = self { Some(ids) } else { None }
    }

    /// The preset.
    #[must_use]
    pub fn preset(&self) -> Option<PresetId> {
        if let Self::Preset(preset) = self { Some(*preset) } else { None }
    }

    /// The template.
    #[must_use]
    pub fn template(&self) -> Option<TemplateId> {
        if let Self::Template(template) = self { Some(*template) } else { None }
    }
}
