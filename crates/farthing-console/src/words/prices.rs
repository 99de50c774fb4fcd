//! Prices in words: what a price list says of a product, a SKU or a component.

use crate::words::Language;
use farthing_core::catalog::{Free, Kind, Mode, Offer, PriceAt, Pricing, Product};
use farthing_core::config::{Cap, Value};
use farthing_core::measure::{DataStep, Per, PriceTag, TimeUnit};
use farthing_core::money::{Currency, Locale, Money, Ratio, Rounding};
use farthing_core::rate::{Factor, Percent};
use farthing_core::time::Span;

/// The price in a few words, a line for each case: `0.042 / hour`; `model-a: 4.00 / 1,000,000 tokens` and `otherwise: …`.
pub fn prices(pricing: &Pricing, product: &Product) -> Vec<String> {
    let per = if product.kind == Kind::Term { format!(" / {}", length(product.period)) } else { String::new() };
    let tag = |tag: &PriceTag| told(tag, &per);
    let mut rest = match pricing.mode {
        Mode::Unit | Mode::Package => pricing.price.as_ref().map(tag).unwrap_or_default(),
        Mode::Graduated | Mode::Volume | Mode::GraduatedPercentage => tiers(pricing),
        Mode::Percentage => {
            let fixed = pricing.fixed.map(|fixed| format!(" + {}", in_thousands(&fixed.plain()))).unwrap_or_default();
            format!("{}{fixed} of each", pricing.percent.unwrap_or_default())
        }
        Mode::Dynamic => pricing.factor.map(|factor| format!("the price of each × {factor}")).unwrap_or_default(),
    };
    if let Some(units) = &pricing.units {
        rest = if rest.is_empty() { units.to_string() } else { format!("{units}, or {rest}") };
    }
    let mut lines = Vec::new();
    for line in &pricing.prices {
        let when: Vec<&str> = line.when.values().map(|value| value.0.as_str()).collect();
        lines.push(format!("{}: {}", when.join(", "), tag(&line.price)));
    }
    for line in &pricing.hours {
        let days = line.days.map(|days| format!("{days} ")).unwrap_or_default();
        lines.push(format!("{days}{} to {}: {}", line.from, line.to, tag(&line.price)));
    }
    if !rest.is_empty() {
        lines.push(if lines.is_empty() { rest } else { format!("otherwise: {rest}") });
    }
    if !pricing.discount.is_zero() {
        lines.push(format!("less {}", pricing.discount));
    }
    lines
}

/// What a SKU's or a part's price has besides, where that is its own and not its product's.
pub(crate) fn own_terms(pricing: &Pricing, product: &Product) -> Vec<String> {
    let base = &product.pricing;
    let mut terms = Vec::new();
    terms.extend(pricing.free.as_ref().filter(|free| base.free.as_ref() != Some(free)).map(free_words));
    terms.extend(pricing.monthly_cap.filter(|cap| base.monthly_cap != Some(*cap)).map(|cap| cap_words(&cap)));
    terms.extend(pricing.minimum.filter(|least| base.minimum != Some(*least)).map(minimum_words));
    terms
}

fn free_words(free: &Free) -> String {
    format!("{} free for each {}", free.size, free.per.print().trim_matches('"'))
}

fn cap_words(cap: &Cap) -> String {
    format!("at most {cap} a period")
}

fn minimum_words(least: Money) -> String {
    format!("at least {} a period", in_thousands(&least.plain()))
}

/// `0.042 / hour`, `3,360.00 / week`: what the tag does not say it is for, `per` says.
fn told(tag: &PriceTag, per: &str) -> String {
    let text = tag.to_string();
    let (amount, said) = text.split_once(' ').map_or((text.as_str(), ""), |(amount, said)| (amount, said));
    let space = if said.is_empty() { "" } else { " " };
    format!("{}{space}{said}{}", in_thousands(amount), if tag.per == Per::WHOLE { per } else { "" })
}

/// 11800.00 is 11,800.00.
pub(crate) fn in_thousands(amount: &str) -> String {
    let (whole, rest) = amount.find('.').map_or((amount, ""), |at| amount.split_at(at));
    let grouped = whole.parse::<u64>().map_or_else(|_| whole.to_owned(), crate::grouped);
    format!("{grouped}{rest}")
}

/// "month" where it is one, else "3mo".
fn length(span: Span) -> String {
    let text = span.to_string();
    let one = [("1d", "day"), ("1w", "week"), ("1mo", "month"), ("1y", "year")];
    one.into_iter().find(|(short, _)| *short == text).map_or(text, |(_, word)| word.to_owned())
}

fn tiers(pricing: &Pricing) -> String {
    let mut parts = Vec::new();
    for tier in &pricing.tiers {
        let each = tier.price.as_ref().map(|tag| told(tag, "")).or(tier.percent.map(|percent| percent.to_string()));
        let flat = tier.flat.map(|flat| in_thousands(&flat.plain()));
        let cost: Vec<String> = each.into_iter().chain(flat).collect();
        let upto = match (tier.upto, parts.is_empty()) {
            (Some(upto), true) => format!("first {upto}: "),
            (Some(upto), false) => format!("up to {upto}: "),
            (None, true) => String::new(),
            (None, false) => "then ".to_owned(),
        };
        parts.push(format!("{upto}{}", cost.join(" + ")));
    }
    let joined = parts.join(", ");
    if pricing.mode == Mode::Volume { format!("by the whole volume: {joined}") } else { joined }
}

/// What an hourly price comes to in a month of 730 hours, for comparing: of a size, what one unit of it does.
pub(crate) fn per_month(offer: &Offer<'_>, currency: Currency, locale: Locale) -> Option<String> {
    let tag = offer.pricing.price.as_ref().filter(|_| offer.pricing.mode == Mode::Unit)?;
    let seconds = match tag.per.time? {
        TimeUnit::Month | TimeUnit::Year => return None,
        _ => 730 * 3_600,
    };
    let month = amount_over(tag, currency, seconds, offer.pricing.discount)?;
    let (month, _) = month.round_to_minor(Rounding::HalfUp).ok()?;
    let each = tag.per.unit.as_ref().map(|unit| format!(" / {unit}")).unwrap_or_default();
    Some(format!("{}{each}", month.format(locale)))
}

fn amount_over(tag: &PriceTag, currency: Currency, seconds: i64, discount: Percent) -> Option<Money> {
    let rate = tag.rate(currency, tag.per.unit.as_ref(), DataStep::Binary, 730 * 3_600).ok()?;
    let one = Ratio::new(1_000_000, 1).ok()?;
    let seconds = Ratio::new(i128::from(seconds), 1).ok()?;
    let whole = i128::from(Percent::WHOLE.billionths());
    let left = Ratio::new(whole - i128::from(discount.billionths()), whole).ok()?;
    let units =
        rate.checked_mul(one).and_then(|sum| sum.checked_mul(seconds)).and_then(|sum| sum.checked_mul(left)).ok()?;
    Some(Money::from_units(units.round(Rounding::HalfEven).ok()?, currency))
}

/// What else has to be known of a product, a sentence each.
pub(crate) fn facts(product: &Product, language: Language) -> Vec<String> {
    let mut facts = vec![language.word("price.kind", product.kind.word())];
    if product.kind == Kind::Term {
        facts.push(match length(product.period).as_str() {
            word if word.starts_with(|first: char| first.is_ascii_digit()) => {
                language.with("price.period", &[("period", word)])
            }
            word => language.with("price.a_period", &[("period", &in_language(word, language))]),
        });
    }
    if let Some(size) = &product.size {
        facts.push(language.with("price.adds", &[("size", &size.to_string())]));
    }
    if product.round_up.seconds() > 1 {
        facts.push(language.with("price.round_up", &[("step", &product.round_up.to_string())]));
    }
    if !product.min_duration.is_zero() {
        facts.push(language.with("price.at_least", &[("length", &product.min_duration.to_string())]));
    }
    if product.at == PriceAt::Start {
        facts.push(language.say("price.at_start").to_owned());
    }
    for (state, share) in &product.states {
        if matches!(product.kind, Kind::Running | Kind::Capacity) && state != "running" && share.trillionths() > 0 {
            let state = language.word("state", state);
            facts.push(if *share == Factor::ONE {
                language.with("price.state_same", &[("state", &state)])
            } else {
                language.with("price.state_part", &[("state", &state), ("part", &share_words(*share))])
            });
        }
    }
    let pricing = &product.pricing;
    let sentence = |words: String| {
        let mut letters = words.chars();
        let end = if language == Language::En { "." } else { "。" };
        letters.next().map(|first| format!("{}{}{end}", first.to_uppercase(), letters.as_str()))
    };
    let words = [
        pricing.free.as_ref().map(free_words),
        pricing.monthly_cap.as_ref().map(cap_words),
        pricing.minimum.map(minimum_words),
    ];
    facts.extend(words.into_iter().flatten().filter_map(|words| sentence(in_language(&words, language))));
    facts
}

/// A line of prices for readers of a language: its units and the few words around them are said in it, its numbers stay.
pub(crate) fn in_language(line: &str, language: Language) -> String {
    if language == Language::En {
        return line.to_owned();
    }
    // The longer ones first: what is replaced is not looked at again.
    const WORDS: [(&str, &str); 27] = [
        ("by the whole volume: ", "按总量："),
        (" free for each account", "/账户免费"),
        (" free for each project", "/项目免费"),
        (" free for each user", "/用户免费"),
        (" free for each ", "免费，每 "),
        ("added to one of these", "加购于以上规格"),
        ("the price of each", "单价"),
        ("otherwise: ", "其他："),
        (" a period", "每期"),
        ("at least ", "至少 "),
        ("at most ", "至多 "),
        (" of each", "（每笔）"),
        ("up to ", "至 "),
        ("first ", "前 "),
        ("then ", "之后 "),
        ("less ", "优惠 "),
        ("GB-month", "GB·月"),
        ("GB-hour", "GB·小时"),
        (" hours", " 小时"),
        (" / hour", " / 小时"),
        (" / day", " / 天"),
        (" / week", " / 周"),
        (" / month", " / 月"),
        (" / year", " / 年"),
        (" tokens", " token"),
        (" calls", " 次"),
        (" / image", " / 张"),
    ];
    let bare = [("day", "天"), ("week", "周"), ("month", "个月"), ("year", "年")];
    if let Some((_, word)) = bare.iter().find(|(english, _)| *english == line) {
        return (*word).to_owned();
    }
    WORDS.iter().fold(line.to_owned(), |text, (english, chinese)| text.replace(english, chinese))
}

/// 0.1 of a price is 10% of it.
fn share_words(share: Factor) -> String {
    let exact = share.trillionths().is_multiple_of(10);
    if exact { Percent::from_billionths(share.trillionths() / 10).to_string() } else { share.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_shares_and_lengths_are_said_as_people_say_them() {
        assert_eq!(in_thousands("11800.00"), "11,800.00");
        assert_eq!(in_thousands("0.0206"), "0.0206");
        assert_eq!(share_words(Factor::parse("0.1").unwrap()), "10%");
        assert_eq!(length(Span::parse("1mo").unwrap()), "month");
        assert_eq!(length(Span::parse("3mo").unwrap()), "3mo");
    }
}
