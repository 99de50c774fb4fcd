//! How things are said: every text of the pages in both languages (`en.txt`, `zh.txt`), and amounts, moments, prices and the ledger's codes
//! as people read them.
//!
//! A text has a key and may have places, `{amount}`, that are filled when it is said. A test holds the two files to the same keys and
//! places, and the code to keys that are there.

pub(crate) mod figure;
pub(crate) mod ledger;
pub(crate) mod moment;
pub(crate) mod prices;

use farthing_core::money::Locale;
use farthing_core::time::{CivilDate, Instant, Zone};
use figure::grouped;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// What pages are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    En,
    Zh,
}

type Texts = BTreeMap<&'static str, &'static str>;

static EN: LazyLock<Texts> =
    LazyLock::new(|| texts(&[include_str!("en.txt"), include_str!("enter.en.txt"), include_str!("operator.en.txt")]));
static ZH: LazyLock<Texts> =
    LazyLock::new(|| texts(&[include_str!("zh.txt"), include_str!("enter.zh.txt"), include_str!("operator.zh.txt")]));

/// `key = text`, a line each; an empty line and one that begins with `#` are for whoever reads the file.
fn texts(files: &[&'static str]) -> Texts {
    let lines = files.iter().flat_map(|file| file.lines()).filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once(" = ")).collect()
}

impl Language {
    pub const ALL: [Language; 2] = [Language::En, Language::Zh];

    pub const fn tag(self) -> &'static str {
        match self {
            Language::En => "en",
            Language::Zh => "zh",
        }
    }

    /// `zh-CN` is Chinese.
    pub fn parse(tag: &str) -> Option<Language> {
        let tag = tag.trim().split(['-', '_', ';']).next()?;
        Language::ALL.into_iter().find(|language| language.tag().eq_ignore_ascii_case(tag))
    }

    /// The first of `Accept-Language` that we write.
    pub fn accepted(header: &str) -> Option<Language> {
        header.split(',').find_map(Language::parse)
    }

    pub const fn locale(self) -> Locale {
        match self {
            Language::En => Locale::En,
            Language::Zh => Locale::Zh,
        }
    }

    /// Its own name, whoever reads.
    pub const fn own_name(self) -> &'static str {
        match self {
            Language::En => "English",
            Language::Zh => "中文",
        }
    }

    /// One after the other.
    pub(crate) fn sentences(self, told: &[String]) -> String {
        told.join(if self == Language::En { " " } else { "" })
    }

    pub(crate) fn list(self, told: &[String]) -> String {
        told.join(if self == Language::En { ", " } else { "、" })
    }

    fn texts(self) -> &'static Texts {
        match self {
            Language::En => &EN,
            Language::Zh => &ZH,
        }
    }

    /// The text of a key. One that is missing fails the tests; a page shows the key rather than nothing.
    pub fn say(self, key: &'static str) -> &'static str {
        self.texts().get(key).copied().unwrap_or(key)
    }

    /// The text of a key that is put together; none where there is none.
    pub(crate) fn find(self, key: &str) -> Option<&'static str> {
        self.texts().get(key).copied()
    }

    /// The word for one of our names, `bill.state.paid`; a name we have no word for is shown as it is.
    pub(crate) fn word(self, group: &str, name: &str) -> String {
        let found = self.find(&format!("{group}.{name}"));
        found.map_or_else(|| name.replace('_', " "), str::to_owned)
    }

    pub(crate) fn with(self, key: &'static str, places: &[(&str, &str)]) -> String {
        fill(self.say(key), places)
    }

    /// "1 day", "9 days": `key.one` and `key.many`.
    pub(crate) fn count(self, key: &str, number: i64) -> String {
        let form = if number == 1 { "one" } else { "many" };
        let text = self.find(&format!("{key}.{form}")).unwrap_or("{n}");
        fill(text, &[("n", &grouped(number.unsigned_abs()))])
    }

    /// "9 days", "31 hours", "12 minutes": whole ones, never more than there are.
    pub(crate) fn length(self, seconds: i64) -> String {
        match seconds {
            172_800.. => self.count("length.days", seconds / 86_400),
            7_200.. => self.count("length.hours", seconds / 3_600),
            _ => self.count("length.minutes", seconds.max(0) / 60),
        }
    }

    /// "29 November 2026", "2026年11月29日"
    pub(crate) fn date(self, date: CivilDate) -> String {
        match self {
            Language::En => format!("{} {} {}", date.day(), date.month_name(), date.year()),
            Language::Zh => format!("{}年{}月{}日", date.year(), date.month(), date.day()),
        }
    }

    /// For a column: "29 Nov 2026", "2026-11-29".
    pub(crate) fn short_date(self, date: CivilDate) -> String {
        match self {
            Language::En => moment::date_text(date),
            Language::Zh => date.to_string(),
        }
    }

    /// "29 Nov", "11月29日": for an axis.
    pub(crate) fn day_and_month(self, date: CivilDate) -> String {
        match self {
            Language::En => format!("{} {}", date.day(), moment::month_text(date)),
            Language::Zh => format!("{}月{}日", date.month(), date.day()),
        }
    }

    /// "November 2026", "2026年11月"
    pub(crate) fn month(self, date: CivilDate) -> String {
        match self {
            Language::En => format!("{} {}", date.month_name(), date.year()),
            Language::Zh => format!("{}年{}月", date.year(), date.month()),
        }
    }

    /// "29 November 2026", and the hour as well where the day alone does not say much.
    pub(crate) fn until(self, end: Instant, now: Instant, zone: &Zone) -> Result<String, crate::frame::PageError> {
        let (date, time) = zone.wall_at(end)?;
        let minute = time.second_of_day() / 60;
        let near = end.seconds_since(now) < 172_800;
        let date = self.date(date);
        Ok(if near { format!("{date} {:02}:{:02}", minute / 60, minute % 60) } else { date })
    }
}

fn fill(text: &str, places: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(text.len() + 32);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let Some((name, after)) = after.split_once('}') else { break };
        filled.push_str(places.iter().find(|(place, _)| *place == name).map_or("", |(_, value)| value));
        rest = after;
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn places(text: &str) -> BTreeSet<&str> {
        text.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0)).collect()
    }

    #[test]
    fn both_languages_say_the_same_things() {
        let (en, zh) = (&*EN, &*ZH);
        let only = |a: &Texts, b: &Texts| a.keys().filter(|key| !b.contains_key(*key)).copied().collect::<Vec<_>>();
        assert_eq!(only(en, zh), Vec::<&str>::new(), "said in English only");
        assert_eq!(only(zh, en), Vec::<&str>::new(), "said in Chinese only");
        for (key, text) in en {
            assert_eq!(places(text), places(zh[key]), "{key}");
            assert!(!text.trim().is_empty() && !zh[key].trim().is_empty(), "{key}");
        }
    }

    #[test]
    fn a_key_is_said_once() {
        let english = [include_str!("en.txt"), include_str!("enter.en.txt"), include_str!("operator.en.txt")].concat();
        let chinese = [include_str!("zh.txt"), include_str!("enter.zh.txt"), include_str!("operator.zh.txt")].concat();
        for file in [english.as_str(), chinese.as_str()] {
            let lines = file.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
            let mut seen = BTreeSet::new();
            for line in lines {
                let (key, _) = line.split_once(" = ").unwrap_or_else(|| panic!("{line:?} is no text"));
                assert!(seen.insert(key), "{key} stands twice");
            }
        }
    }

    /// House style: short, active, no exclamation marks, no "please".
    #[test]
    fn words_keep_the_house_style() {
        for (key, text) in EN.iter().chain(ZH.iter()) {
            let lower = text.to_lowercase().replace("申请", "").replace("请求", "").replace("邀请", "");
            for refused in ["!", "！", "please", "请", "oops", "sorry"] {
                assert!(!lower.contains(refused), "{key}: {text}");
            }
        }
    }

    /// Every key that is written out in code or a template is there; every key that is there is used, alone or in a group.
    #[test]
    fn the_code_says_only_what_there_is_and_all_of_it() {
        let mut sources = String::new();
        let mut folders =
            vec![format!("{}/src", env!("CARGO_MANIFEST_DIR")), format!("{}/templates", env!("CARGO_MANIFEST_DIR"))];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path.display().to_string());
                } else if path.extension().is_some_and(|ending| ending == "rs" || ending == "html") {
                    sources.push_str(&std::fs::read_to_string(path).unwrap());
                }
            }
        }
        let squeezed: String = sources.split_whitespace().collect::<Vec<_>>().join("").replace(",)", ")");
        for call in [".say(\"", ".with(\""] {
            for rest in squeezed.split(call).skip(1) {
                let key = rest.split('"').next().unwrap();
                assert!(EN.contains_key(key), "{key} is said and is not there");
            }
        }
        for key in EN.keys() {
            // What events are called has points of its own: `event.bill.paid` is of the group `event`.
            let group =
                if key.starts_with("event.") { "event" } else { key.rsplit_once('.').map_or(*key, |(group, _)| group) };
            let used = squeezed.contains(&format!("\"{key}\""))
                || squeezed.contains(&format!("\"{group}\""))
                || squeezed.contains(&format!("\"{group}."));
            assert!(used, "{key} is never said");
        }
    }

    /// What the engine calls by names of its own has words, whatever it is: names that are put together are not found by looking at the code.
    #[test]
    fn whatever_the_engine_names_has_words() {
        use farthing_core::access::OperatorRole;
        use farthing_core::bill::Ageing;
        use farthing_core::notice::EventType;
        let said =
            |group: &str, name: &str| assert!(EN.contains_key(format!("{group}.{name}").as_str()), "{group}.{name}");
        for kind in EventType::ALL {
            said("event", kind.name());
        }
        for role in OperatorRole::ALL {
            said("operator.role", role.name());
        }
        for age in Ageing::ALL {
            said("ageing", age.name());
        }
        for kind in ["not_here", "stale", "forbidden", "only_shown", "other_host", "failed"] {
            for group in ["wrong.title", "wrong.sentence", "wrong.what_now"] {
                said(group, kind);
            }
        }
    }

    #[test]
    fn places_are_filled_and_numbers_agree() {
        assert_eq!(fill("{a} of {b}", &[("b", "2"), ("a", "{x}")]), "{x} of 2");
        assert_eq!(Language::En.length(9 * 86_400 + 5), "9 days");
        assert_eq!(Language::En.count("length.days", 1), "1 day");
        assert_eq!(Language::Zh.length(9 * 86_400 + 5), "9 天");
        assert_eq!(Language::accepted("fr-FR, zh-CN;q=0.9, en;q=0.8"), Some(Language::Zh));
        assert_eq!(Language::parse("de"), None);
    }
}
