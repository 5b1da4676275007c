//! Light, dark or what the system says; remembered between starts.

use leptos::prelude::*;

const STORAGE_KEY: &str = "weir-theme";

/// The viewer's choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    System,
    Light,
    Dark,
}

impl Theme {
    /// The word on the button and in storage.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Theme::System => "system",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }

    /// Reads what [`Theme::as_str`] writes; anything else follows the system.
    #[must_use]
    pub fn parse(text: &str) -> Theme {
        match text {
            "light" => Theme::Light,
            "dark" => Theme::Dark,
            _ => Theme::System,
        }
    }

    /// What the button switches to.
    #[must_use]
    pub fn next(self) -> Theme {
        match self {
            Theme::System => Theme::Light,
            Theme::Light => Theme::Dark,
            Theme::Dark => Theme::System,
        }
    }

    /// What was chosen last; a browser without storage follows the system.
    #[must_use]
    pub fn stored() -> Theme {
        window()
            .local_storage()
            .ok()
            .flatten()
            .and_then(|storage| storage.get_item(STORAGE_KEY).ok().flatten())
            .map_or(Theme::System, |text| Theme::parse(&text))
    }

    /// Puts the choice on the document and remembers it.
    pub fn apply(self) {
        if let Some(root) = document().document_element() {
            // Setting or removing a data attribute on an existing element cannot fail.
            let _ = match self {
                Theme::System => root.remove_attribute("data-theme"),
                chosen => root.set_attribute("data-theme", chosen.as_str()),
            };
        }
        if let Ok(Some(storage)) = window().local_storage() {
            // A full or forbidden storage only means that the choice is forgotten.
            let _ = storage.set_item(STORAGE_KEY, self.as_str());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Theme;

    #[test]
    fn the_button_goes_round_and_words_are_read_back() {
        for theme in [Theme::System, Theme::Light, Theme::Dark] {
            assert_eq!(Theme::parse(theme.as_str()), theme);
            assert_eq!(theme.next().next().next(), theme);
        }
    }
}
