//! Settings that take one of several words. One table for each enum gives the words to the parser, to error
//! messages and to the documentation.

/// A word that a setting takes.
#[derive(Clone, Copy, Debug)]
pub(in crate::settings) struct Word {
    /// The word as errors and the documentation write it.
    pub(in crate::settings) name: &'static str,
    /// Django's dotted name for the same choice, which is accepted too.
    pub(in crate::settings) dotted: Option<&'static str>,
}

impl Word {
    pub(in crate::settings) const fn new(name: &'static str) -> Self {
        Self { name, dotted: None }
    }

    pub(in crate::settings) const fn dotted(name: &'static str, dotted: &'static str) -> Self {
        Self { name, dotted: Some(dotted) }
    }

    /// Whether `text` means this word: upper and lower case are the same.
    fn matches(self, text: &str) -> bool {
        self.name.eq_ignore_ascii_case(text) || self.dotted == Some(text)
    }
}

/// An enum whose variants are the choices of a setting.
pub(in crate::settings) trait Choice: Copy + PartialEq + 'static {
    /// Every variant with its word.
    const CHOICES: &'static [(Self, Word)];

    /// The variant's word.
    fn word(self) -> &'static str {
        let found = Self::CHOICES.iter().find(|(choice, _)| *choice == self);
        found.map_or("", |(_, word)| word.name)
    }

    /// The variant that a word stands for.
    fn of_word(name: &str) -> Option<Self> {
        Self::CHOICES.iter().find(|(_, word)| word.name == name).map(|(choice, _)| *choice)
    }
}

/// The words of an enum.
pub(in crate::settings) fn choices<C: Choice>() -> Vec<Word> {
    C::CHOICES.iter().map(|(_, word)| *word).collect()
}

/// The word that `text` means.
pub(super) fn chosen(words: &[Word], text: &str) -> Option<&'static str> {
    words.iter().find(|word| word.matches(text)).map(|word| word.name)
}
