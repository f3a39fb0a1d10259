//! The shop's words in the languages that its viewers get: headings, feedback, prices and counts, each in its own form.

/// The language of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    English,
    Spanish,
    German,
    French,
    Japanese,
}

/// The fixed words of a language.
pub(super) struct Words {
    pub(super) code: &'static str,
    pub(super) brand_new: &'static str,
    pub(super) pre_owned: &'static str,
    pub(super) buy_now: &'static str,
    pub(super) best_offer: &'static str,
    pub(super) free_delivery: &'static str,
    pub(super) located_here: &'static str,
    pub(super) located_abroad: &'static str,
    pub(super) new_window: &'static str,
    pub(super) new_listing: &'static str,
    pub(super) sponsored: &'static str,
    pub(super) fewer_words: &'static str,
    pub(super) sorted_out: &'static str,
    pub(super) show_all: &'static str,
    pub(super) next_page: &'static str,
    positive: &'static str,
}

#[rustfmt::skip]
const ENGLISH: Words = Words {
    code: "en", brand_new: "Brand New", pre_owned: "Pre-Owned", buy_now: "Buy It Now", best_offer: "or Best Offer",
    free_delivery: "Free delivery", located_here: "Located in United States", located_abroad: "Located in China",
    new_window: "Opens in a new window or tab", new_listing: "New Listing", sponsored: "Sponsored",
    fewer_words: "Results matching fewer words", sorted_out: "We've streamlined your search results to show you the best listings.",
    show_all: "See all results", next_page: "Go to next search page", positive: "positive",
};
#[rustfmt::skip]
const SPANISH: Words = Words {
    code: "es", brand_new: "Totalmente nuevo", pre_owned: "De segunda mano", buy_now: "¡Cómpralo ahora!", best_offer: "o Mejor oferta",
    free_delivery: "Envío gratis", located_here: "de Estados Unidos", located_abroad: "de China",
    new_window: "Se abre en una ventana o pestaña nueva", new_listing: "Anuncio nuevo", sponsored: "Patrocinado",
    fewer_words: "Resultados que coinciden con menos palabras", sorted_out: "Hemos ordenado los resultados para mostrar los mejores anuncios.",
    show_all: "Ver todos los resultados", next_page: "Ir a la página siguiente", positive: "positivo",
};
#[rustfmt::skip]
const GERMAN: Words = Words {
    code: "de", brand_new: "Brandneu", pre_owned: "Gebraucht", buy_now: "Sofort-Kaufen", best_offer: "oder Preisvorschlag",
    free_delivery: "Kostenloser Versand", located_here: "aus USA", located_abroad: "aus China",
    new_window: "Wird in neuem Fenster oder Tab geöffnet", new_listing: "Neues Angebot", sponsored: "Anzeige",
    fewer_words: "Ergebnisse für weniger Suchbegriffe", sorted_out: "Wir haben Ihre Suchergebnisse auf die besten Angebote beschränkt.",
    show_all: "Alle Ergebnisse anzeigen", next_page: "Weiter zur nächsten Seite", positive: "positiv",
};
#[rustfmt::skip]
const FRENCH: Words = Words {
    code: "fr", brand_new: "Neuf", pre_owned: "Occasion", buy_now: "Achat immédiat", best_offer: "ou Offre directe",
    free_delivery: "Livraison gratuite", located_here: "de États-Unis", located_abroad: "de Chine",
    new_window: "La page s'ouvre dans une nouvelle fenêtre", new_listing: "Nouvelle annonce", sponsored: "Sponsorisé",
    fewer_words: "Résultats correspondant à moins de mots", sorted_out: "Nous avons trié les résultats pour vous montrer les meilleures annonces.",
    show_all: "Voir tous les résultats", next_page: "Page suivante", positive: "positif",
};
#[rustfmt::skip]
const JAPANESE: Words = Words {
    code: "ja", brand_new: "真新しい新品", pre_owned: "中古", buy_now: "今すぐ落札", best_offer: "または値下げ交渉",
    free_delivery: "送料無料", located_here: "発送元 米国", located_abroad: "発送元 中国",
    new_window: "新しいウィンドウまたはタブに表示されます", new_listing: "新着", sponsored: "スポンサー",
    fewer_words: "より少ない語に一致する結果", sorted_out: "検索結果を整理し、おすすめの出品を表示しています。",
    show_all: "すべての結果を表示", next_page: "次の検索ページに進む", positive: "ポジティブ",
};

impl Language {
    /// The fixed words.
    pub(super) fn words(self) -> &'static Words {
        match self {
            Self::English => &ENGLISH,
            Self::Spanish => &SPANISH,
            Self::German => &GERMAN,
            Self::French => &FRENCH,
            Self::Japanese => &JAPANESE,
        }
    }

    /// The count heading in parts: whether it stands out, and its text. Counts from 1,000 on are rounded down.
    pub(super) fn heading(self, total: usize, query: &str) -> Vec<(bool, String)> {
        let (shown, floor) = if total < 1_000 { (total, "") } else { (total / 100 * 100, "+") };
        let count = self.grouped(shown as u64);
        let after = |one: &str, many: &str| format!("{floor} {} ", if total == 1 { one } else { many });
        let words = match self {
            Self::English => after("result for", "results for"),
            Self::Spanish => after("resultado para", "resultados para"),
            Self::German => after("Ergebnis für", "Ergebnisse für"),
            Self::French => after("résultat pour", "résultats pour"),
            Self::Japanese => {
                let unit = if floor.is_empty() { "件" } else { "件以上" };
                let query = (true, query.to_owned());
                return vec![query, (false, "の結果".to_owned()), (true, count), (false, unit.to_owned())];
            }
        };
        vec![(true, count), (false, words), (true, query.to_owned())]
    }

    /// Feedback of today's cards: `98.7% positive (1.2K)`.
    pub(super) fn feedback(self, percent_tenths: u16, ratings: u64) -> String {
        let space = if self == Self::French { "\u{a0}" } else { "" };
        format!("{}{space}% {} ({})", self.percent(percent_tenths), self.words().positive, self.short(ratings))
    }

    /// Feedback of the older cards: `(1,493) 98.9%`.
    pub(super) fn old_feedback(self, percent_tenths: u16, ratings: u64) -> String {
        format!("({}) {}%", self.grouped(ratings), self.percent(percent_tenths))
    }

    fn percent(self, tenths: u16) -> String {
        match (tenths / 10, tenths % 10) {
            (whole, 0) => whole.to_string(),
            (whole, tenth) => format!("{whole}{}{tenth}", self.decimal()),
        }
    }

    /// A count, rounded from 1,000 on: `1.2K`, `3.5M`.
    fn short(self, count: u64) -> String {
        let (unit, sign) = match count {
            0..1_000 => return count.to_string(),
            1_000..1_000_000 => (1_000, "K"),
            _ => (1_000_000, "M"),
        };
        match (count / unit, count % unit * 10 / unit) {
            (whole, 0) => format!("{whole}{sign}"),
            (whole, tenth) => format!("{whole}{}{tenth}{sign}", self.decimal()),
        }
    }

    fn decimal(self) -> char {
        if matches!(self, Self::English | Self::Japanese) { '.' } else { ',' }
    }

    fn grouped(self, number: u64) -> String {
        let separator = match self {
            Self::English | Self::Japanese => ',',
            Self::Spanish | Self::German => '.',
            Self::French => '\u{a0}',
        };
        let digits = number.to_string();
        let mut text = String::new();
        for (place, digit) in digits.char_indices() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                text.push(separator);
            }
            text.push(digit);
        }
        text
    }

    /// A price as this viewer is shown it; some get it in their own money.
    pub(super) fn price(self, cents: i64) -> String {
        let cents = u64::try_from(cents).unwrap_or(0);
        let euros = cents * 92 / 100;
        match self {
            Self::English => format!("${}.{:02}", self.grouped(cents / 100), cents % 100),
            Self::Spanish => format!("USD{}.{:02}", cents / 100, cents % 100),
            Self::German => format!("EUR {},{:02}", self.grouped(euros / 100), euros % 100),
            Self::French => format!("{},{:02} EUR", self.grouped(euros / 100), euros % 100),
            Self::Japanese => format!("{} 円", self.grouped(cents * 3 / 2)),
        }
    }

    /// What delivery costs, where it costs something.
    pub(super) fn delivery(self, cents: i64) -> String {
        let price = self.price(cents);
        match self {
            Self::English => format!("+{price} delivery"),
            Self::Spanish => format!("+{price} por el envío"),
            Self::German => format!("+{price} Versand"),
            Self::French => format!("+{price} pour la livraison"),
            Self::Japanese => format!("＋送料{price}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn feedback_is_written_as_each_language_writes_it() {
        assert_eq!(Language::English.feedback(987, 1_249), "98.7% positive (1.2K)");
        assert_eq!(Language::English.feedback(1_000, 999), "100% positive (999)");
        assert_eq!(Language::Spanish.feedback(987, 2_700), "98,7% positivo (2,7K)");
        assert_eq!(Language::French.feedback(0, 0), "0\u{a0}% positif (0)");
        assert_eq!(Language::English.feedback(995, 3_500_000), "99.5% positive (3.5M)");
        assert_eq!(Language::German.old_feedback(998, 1_493), "(1.493) 99,8%");
    }

    #[test]
    fn headings_round_what_is_large() {
        let heading = |language: Language, total| {
            language.heading(total, "tea").into_iter().map(|(_, text)| text).collect::<String>()
        };
        assert_eq!(heading(Language::English, 1), "1 result for tea");
        assert_eq!(heading(Language::English, 1_387), "1,300+ results for tea");
        assert_eq!(heading(Language::German, 4_850), "4.800+ Ergebnisse für tea");
        assert_eq!(heading(Language::Japanese, 7_444), "teaの結果7,400件以上");
        assert_eq!(heading(Language::Spanish, 0), "0 resultados para tea");
    }
}
