//! What stands on the page, as words and amounts ready to be drawn by page.typ. Languages are written, not translated word by word.

use super::glyphs::Glyphs;
use super::world::{LOGO_PNG, LOGO_SVG};
use crate::document::{Document, Kind, Language, Line, Logo, Party};
use farthing_core::money::Money;
use farthing_core::policy::PricesAre;
use farthing_core::tax::Treatment;
use farthing_core::time::CivilDate;
use qrcodegen::{QrCode, QrCodeEcc};
use serde::Serialize;
use std::fmt::Write as _;

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Page {
    language: &'static str,
    title: String,
    number: String,
    author: String,
    brand: String,
    accent: String,
    date: (u16, u8, u8),
    logo: Option<&'static str>,
    /// It is wide: the name is in it.
    logo_alone: bool,
    attach: bool,
    parties: Vec<PartyBlock>,
    facts: Vec<(String, String)>,
    headline: Headline,
    columns: Vec<String>,
    rows: Vec<Row>,
    totals: Vec<Total>,
    bank: Option<Bank>,
    notes: Vec<String>,
    footer: Vec<String>,
    /// "Page ", " of ", ""
    pages: [&'static str; 3],
}

#[derive(Debug, Serialize)]
struct PartyBlock {
    label: String,
    name: String,
    lines: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Headline {
    amount: String,
    text: String,
}

#[derive(Debug, Serialize)]
struct Row {
    text: String,
    small: Vec<String>,
    cells: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Total {
    label: String,
    amount: String,
    strong: bool,
    ruled: bool,
}

#[derive(Debug, Serialize)]
struct Bank {
    title: String,
    rows: Vec<(String, String)>,
    code: bool,
}

/// The page, and what of it cannot be shown as it is.
pub(super) fn of(document: &Document, logo: Option<&Logo>, attach: bool, code: bool) -> (Page, Option<String>) {
    let mut glyphs = Glyphs::default();
    let page = Writer { document, words: Words(document.language), glyphs: &mut glyphs }.page(logo, attach, code);
    (page, glyphs.warning())
}

struct Writer<'a> {
    document: &'a Document,
    words: Words,
    glyphs: &'a mut Glyphs,
}

impl Writer<'_> {
    fn page(mut self, logo: Option<&Logo>, attach: bool, code: bool) -> Page {
        let document = self.document;
        let words = self.words;
        let title = words.title(document);
        let rows = if document.kind == Kind::Receipt { vec![self.receipt_row()] } else { self.rows() };
        let party_labels = (words.say("Billed to", "客户"), words.say("From", "开具方"));
        Page {
            language: words.say("en", "zh"),
            title: title.to_owned(),
            number: self.glyphs.text(&document.number),
            author: self.glyphs.text(&document.seller.name),
            brand: self.glyphs.text(&document.brand.name),
            accent: accent(document.brand.accent),
            date: (document.issued.year(), document.issued.month(), document.issued.day()),
            logo: logo.map(|logo| match logo {
                Logo::Png(_) => LOGO_PNG,
                Logo::Svg(_) => LOGO_SVG,
            }),
            logo_alone: logo.is_some_and(is_wide),
            attach,
            parties: vec![self.party(&document.buyer, party_labels.0), self.party(&document.seller, party_labels.1)],
            facts: self.facts(),
            headline: self.headline(),
            columns: self.columns(),
            rows,
            totals: self.totals(),
            bank: self.bank(code),
            notes: self.notes(),
            footer: self.footer(),
            pages: words.say(["Page ", " of ", ""], ["第 ", " 页，共 ", " 页"]),
        }
    }

    fn money(&self, amount: Money) -> String {
        amount.format(self.document.language.locale())
    }

    /// Amounts that are no sums of money moved keep their digits: nobody pays them again.
    fn exact(&self, amount: Money) -> String {
        amount.format_exact(self.document.language.locale())
    }

    fn party(&mut self, party: &Party, label: &str) -> PartyBlock {
        let words = self.words;
        let mut lines: Vec<String> = party.address.lines().map(|line| self.glyphs.text(line)).collect();
        if let Some(country) = party.country {
            let place = [party.region.clone(), country.to_string()];
            lines.push(place.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", "));
        }
        if !party.tax_number.is_empty() {
            lines.push(format!("{} {}", words.say("Tax number", "税号"), self.glyphs.text(&party.tax_number)));
        }
        let email = if party.account.is_empty() { &self.document.brand.support } else { &party.email };
        lines.push(self.glyphs.text(email));
        lines.retain(|line| !line.trim().is_empty());
        PartyBlock { label: label.to_owned(), name: self.glyphs.text(&party.name), lines }
    }

    fn facts(&mut self) -> Vec<(String, String)> {
        let (document, words) = (self.document, self.words);
        let mut facts = vec![(words.say("Issued", "开具日期").to_owned(), words.date(document.issued))];
        if let Some(due) = document.due.filter(|_| document.kind == Kind::Bill) {
            facts.push((words.say("Due", "付款期限").to_owned(), words.date(due)));
        }
        // A receipt has no lines, so it has none.
        if let Some((from, to)) = self.period() {
            facts.push((words.say("Service", "服务期间").to_owned(), words.span(from, to)));
        }
        if let Some(about) = &document.about {
            let label = if document.kind == Kind::Receipt {
                words.say("For", "对应账单")
            } else {
                words.say("Credits", "冲减账单")
            };
            facts.push((label.to_owned(), self.glyphs.text(&about.number)));
        }
        if !document.buyer.account.is_empty() && document.buyer.account != document.buyer.name {
            facts.push((words.say("Account", "账户").to_owned(), self.glyphs.text(&document.buyer.account)));
        }
        facts
    }

    /// From the first day of any line to the last.
    fn period(&self) -> Option<(CivilDate, CivilDate)> {
        let services = || self.document.lines.iter().filter_map(|line| line.service);
        services().map(|(from, _)| from).min().zip(services().map(|(_, to)| to).max())
    }

    fn headline(&self) -> Headline {
        let (document, words) = (self.document, self.words);
        let (amount, text) = match document.kind {
            Kind::Bill if document.due_amount.is_positive() => {
                let text = match document.due {
                    Some(due) => match document.language {
                        Language::En => format!("due on {}", words.date(due)),
                        Language::Zh => format!("请于 {} 前支付", words.date(due)),
                    },
                    None => words.say("due on receipt", "收到即付").to_owned(),
                };
                (document.due_amount, text)
            }
            Kind::Bill => {
                let paid = document.paid.units() >= document.total.units();
                let paid_text = words.say("paid, nothing is due", "已结清，无需付款");
                let text = if paid { paid_text } else { words.say("nothing is due", "无需付款") };
                (document.total, text.to_owned())
            }
            Kind::CreditNote => (document.total, words.say("credited", "已退").to_owned()),
            Kind::Receipt => (document.paid, words.say("received, thank you", "已收讫，谢谢").to_owned()),
            Kind::Statement => (document.total, words.say("used, nothing is asked for", "已使用，无需付款").to_owned()),
        };
        Headline { amount: self.money(amount), text }
    }

    fn has_unit_prices(&self) -> bool {
        self.document.lines.iter().any(|line| line.unit_price.is_some())
    }

    fn has_quantities(&self) -> bool {
        self.document.lines.iter().any(|line| line.quantity.is_some())
    }

    fn columns(&self) -> Vec<String> {
        let words = self.words;
        let mut columns = vec![words.say("Description", "项目")];
        if self.document.kind != Kind::Receipt {
            columns.extend(self.has_quantities().then(|| words.say("Quantity", "数量")));
            columns.extend(self.has_unit_prices().then(|| words.say("Price", "单价")));
        }
        if self.document.kind == Kind::Statement {
            columns.push(words.say("From credit", "抵扣额度"));
            columns.push(words.say("From balance", "余额支付"));
            columns.push(words.say("Used", "用量金额"));
        } else {
            let gross = self.document.prices == PricesAre::Gross && self.document.tax.is_positive();
            columns.push(if gross {
                words.say("Amount with tax", "含税金额")
            } else {
                words.say("Amount", "金额")
            });
        }
        columns.into_iter().map(str::to_owned).collect()
    }

    fn rows(&mut self) -> Vec<Row> {
        let lines = &self.document.lines;
        if lines.is_empty() && self.document.kind == Kind::CreditNote {
            return self
                .document
                .taxes
                .iter()
                .map(|group| {
                    let about = self.document.about.as_ref().map(|about| about.number.clone()).unwrap_or_default();
                    let text = match self.document.language {
                        Language::En => format!("Credit on {about}"),
                        Language::Zh => format!("冲减账单 {about}"),
                    };
                    Row { text: self.glyphs.text(&text), small: Vec::new(), cells: vec![self.money(group.net)] }
                })
                .collect();
        }
        let (quantities, prices) = (self.has_quantities(), self.has_unit_prices());
        lines.iter().map(|line| self.row(line, quantities, prices)).collect()
    }

    fn row(&mut self, line: &Line, quantities: bool, prices: bool) -> Row {
        let words = self.words;
        let mut small = Vec::new();
        // Said once, at the head, where it is the same for all.
        if let Some((from, to)) = line.service.filter(|service| Some(*service) != self.period()) {
            small.push(words.span(from, to));
        }
        let mut cells = Vec::new();
        if quantities {
            cells.push(self.glyphs.text(line.quantity.as_deref().unwrap_or_default()));
        }
        if prices {
            cells.push(self.glyphs.text(line.unit_price.as_deref().unwrap_or_default()));
        }
        if self.document.kind == Kind::Statement {
            let used = line.used.map(|used| [used.credit, used.balance]);
            let parts = used.map_or_else(|| [String::new(), String::new()], |parts| parts.map(|part| self.exact(part)));
            cells.extend(parts);
            cells.push(self.exact(line.amount));
        } else {
            small.extend(self.used(line));
            small.extend(self.discount(line));
            cells.push(self.money(line.amount));
        }
        Row { text: self.glyphs.text(&line.text), small, cells }
    }

    /// What of a line's use something had paid before: how the amount comes about.
    fn used(&self, line: &Line) -> Option<String> {
        let words = self.words;
        let used = line.used.filter(|used| !(used.credit.is_zero() && used.balance.is_zero()))?;
        let parts = [
            (words.say("from credit", "额度抵扣"), used.credit),
            (words.say("from the balance", "余额支付"), used.balance),
            (words.say("on this bill", "本账单"), used.billed),
        ];
        let parts: Vec<String> = parts
            .into_iter()
            .filter(|(_, amount)| !amount.is_zero())
            .map(|(what, amount)| match self.document.language {
                Language::En => format!("{} {what}", self.exact(amount)),
                Language::Zh => format!("{what} {}", self.exact(amount)),
            })
            .collect();
        let all = self.exact(used.net);
        Some(match self.document.language {
            Language::En => format!("Used {all}: {}", parts.join(", ")),
            Language::Zh => format!("用量金额 {all}：{}", parts.join("，")),
        })
    }

    fn discount(&self, line: &Line) -> Option<String> {
        let off = (!line.discount.is_zero()).then(|| self.money(line.discount))?;
        Some(match self.document.language {
            Language::En => format!("Less a discount of {off}"),
            Language::Zh => format!("优惠 {off}"),
        })
    }

    fn receipt_row(&mut self) -> Row {
        let document = self.document;
        let about = document.about.as_ref().map(|about| about.number.as_str()).unwrap_or_default();
        let text = match document.language {
            Language::En => format!("Payment of {about}"),
            Language::Zh => format!("账单 {about} 付款"),
        };
        let small = [self.glyphs.text(&document.method)].into_iter().filter(|text| !text.is_empty()).collect();
        Row { text: self.glyphs.text(&text), small, cells: vec![self.money(document.paid)] }
    }

    fn totals(&mut self) -> Vec<Total> {
        let (document, words) = (self.document, self.words);
        let mut totals = Vec::new();
        let mut add = |label: String, amount: String, strong: bool| {
            totals.push(Total { label, amount, strong, ruled: false });
        };
        match document.kind {
            Kind::Receipt => {
                add(words.say("Received", "已收金额").to_owned(), self.money(document.paid), true);
                let still = words.say("Still due of the bill", "账单剩余应付");
                add(still.to_owned(), self.money(document.due_amount), false);
                return totals;
            }
            Kind::Statement => {
                add(words.say("Used in all", "用量合计").to_owned(), self.exact(document.total), true);
                return totals;
            }
            Kind::Bill | Kind::CreditNote => {}
        }
        let discount = document.lines.iter().map(|line| line.discount);
        let discount = Money::sum(document.currency, discount).unwrap_or(Money::zero(document.currency));
        if !discount.is_zero() {
            let off = discount.checked_neg().unwrap_or(discount);
            add(words.say("Discount", "优惠").to_owned(), self.money(off), false);
        }
        add(words.say("Total without tax", "不含税合计").to_owned(), self.money(document.net), false);
        for group in &document.taxes {
            let name = self.glyphs.text(&group.name);
            let (percent, net) = (&group.percent, self.money(group.net));
            let label = match (document.language, group.treatment) {
                (Language::En, Treatment::Standard) => format!("{name} {percent}% of {net}"),
                (Language::En, Treatment::ReverseCharge) => format!("{name} on {net}, reverse charge"),
                (Language::En, Treatment::OutsideScope) => format!("{name} on {net}, outside its scope"),
                (Language::En, Treatment::NoTax) => format!("No tax is charged on {net}"),
                (Language::Zh, Treatment::Standard) => format!("{name} {percent}%（税基 {net}）"),
                (Language::Zh, Treatment::ReverseCharge) => format!("{name} 反向征收（税基 {net}）"),
                (Language::Zh, Treatment::OutsideScope) => format!("{name} 不在征税范围（{net}）"),
                (Language::Zh, Treatment::NoTax) => format!("不征税（{net}）"),
            };
            add(label, self.money(group.tax), false);
        }
        if !document.brought_forward.is_zero() {
            let label = words.say("Brought forward", "上期结转");
            add(label.to_owned(), self.money(document.brought_forward), false);
        }
        let label = match document.kind {
            Kind::CreditNote => words.say("Credited", "退款合计"),
            Kind::Bill | Kind::Statement | Kind::Receipt => words.say("Total", "合计"),
        };
        let total = Total { label: label.to_owned(), amount: self.money(document.total), strong: true, ruled: true };
        totals.push(total);
        if document.kind == Kind::Bill {
            let mut add = |label: &str, amount: String, strong: bool| {
                totals.push(Total { label: label.to_owned(), amount, strong, ruled: false });
            };
            let minus = |amount: Money| amount.checked_neg().unwrap_or(amount);
            if !document.paid.is_zero() {
                add(words.say("Paid", "已付"), self.money(minus(document.paid)), false);
            }
            if !document.credited.is_zero() {
                add(words.say("Credited", "已冲减"), self.money(minus(document.credited)), false);
            }
            if !document.rolled.is_zero() {
                add(words.say("On the next bill", "转入下期账单"), self.money(minus(document.rolled)), false);
            }
            if document.due_amount != document.total {
                add(words.say("Due", "应付"), self.money(document.due_amount), true);
            }
        }
        totals
    }

    fn bank(&mut self, code: bool) -> Option<Bank> {
        let (document, words) = (self.document, self.words);
        let bank = document.bank.as_ref().filter(|bank| !bank.account.is_empty())?;
        if document.kind != Kind::Bill || !document.due_amount.is_positive() {
            return None;
        }
        let rows = [
            (words.say("Account holder", "户名"), bank.holder.clone()),
            (words.say("Account", "账号"), in_fours(&bank.account)),
            ("BIC", bank.bic.clone()),
            (words.say("Reference", "附言"), bank.reference.clone()),
        ];
        let rows = rows.into_iter().filter(|(_, text)| !text.is_empty());
        let rows = rows.map(|(label, text)| (label.to_owned(), self.glyphs.text(&text))).collect();
        Some(Bank { title: words.say("Paying by bank transfer", "银行转账").to_owned(), rows, code })
    }

    fn notes(&mut self) -> Vec<String> {
        let document = self.document;
        let mut notes: Vec<String> = Vec::new();
        if !document.reason.is_empty() {
            notes.push(match document.language {
                Language::En => format!("Reason: {}", document.reason),
                Language::Zh => format!("原因：{}", document.reason),
            });
        }
        notes.extend(document.taxes.iter().map(|group| group.note.clone()));
        notes.extend(document.notes.iter().cloned());
        notes.retain(|note| !note.trim().is_empty());
        notes.dedup();
        notes.iter().map(|note| self.glyphs.text(note)).collect()
    }

    fn footer(&mut self) -> Vec<String> {
        let document = self.document;
        let parts = [&document.seller.name, &document.seller.tax_number, &document.brand.support];
        parts.into_iter().filter(|part| !part.is_empty()).map(|part| self.glyphs.text(part)).collect()
    }
}

fn accent(colour: Option<[u8; 3]>) -> String {
    let [red, green, blue] = colour.unwrap_or([0x2b, 0x2b, 0x30]);
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// In one language or the other.
#[derive(Clone, Copy)]
struct Words(Language);

impl Words {
    fn say<T>(self, english: T, chinese: T) -> T {
        match self.0 {
            Language::En => english,
            Language::Zh => chinese,
        }
    }

    fn title(self, document: &Document) -> &'static str {
        match document.kind {
            Kind::Bill => self.say("Invoice", "账单"),
            Kind::CreditNote => self.say("Credit note", "红字账单"),
            Kind::Statement => self.say("Statement", "对账单"),
            Kind::Receipt => self.say("Receipt", "收据"),
        }
    }

    fn date(self, date: CivilDate) -> String {
        let month = date.month_name();
        self.say(
            format!("{} {month} {}", date.day(), date.year()),
            format!("{}年{}月{}日", date.year(), date.month(), date.day()),
        )
    }

    fn short(self, date: CivilDate) -> String {
        let month = date.month_name().get(..3).unwrap_or_default();
        self.say(
            format!("{} {month} {}", date.day(), date.year()),
            format!("{}年{}月{}日", date.year(), date.month(), date.day()),
        )
    }

    /// What both days share is said once.
    fn span(self, from: CivilDate, to: CivilDate) -> String {
        let (begin, end) = (self.short(from), self.short(to));
        let (same_year, same_month) = (from.year() == to.year(), from.month() == to.month());
        match self.0 {
            _ if from == to => begin,
            Language::En if same_year && same_month => format!("{} – {end}", from.day()),
            Language::En if same_year => {
                format!("{} – {end}", begin.trim_end_matches(char::is_numeric).trim_end())
            }
            Language::En => format!("{begin} – {end}"),
            Language::Zh if same_year && same_month => format!("{begin}至{}日", to.day()),
            Language::Zh if same_year => format!("{begin}至{}月{}日", to.month(), to.day()),
            Language::Zh => format!("{begin}至{end}"),
        }
    }
}

/// A name beside a wide logo says everything twice.
fn is_wide(logo: &Logo) -> bool {
    let (width, height) = match logo {
        Logo::Png(bytes) => {
            let number =
                |at: usize| bytes.get(at..at + 4).and_then(|part| part.try_into().ok()).map(u32::from_be_bytes);
            (number(16).unwrap_or(0), number(20).unwrap_or(0))
        }
        Logo::Svg(bytes) => svg_size(&String::from_utf8_lossy(bytes)).unwrap_or((0, 0)),
    };
    height > 0 && u64::from(width) > 2 * u64::from(height)
}

/// The last two numbers of its view box.
fn svg_size(text: &str) -> Option<(u32, u32)> {
    let (_, rest) = text.split_once("viewBox=\"")?;
    let (numbers, _) = rest.split_once('"')?;
    let whole = |text: &str| text.split('.').next().and_then(|whole| whole.parse().ok());
    let numbers: Vec<u32> =
        numbers.split([' ', ',']).filter(|part| !part.is_empty()).skip(2).filter_map(whole).collect();
    Some((*numbers.first()?, *numbers.get(1)?))
}

/// As banks print it.
fn in_fours(account: &str) -> String {
    let compact: Vec<char> = account.chars().filter(|char| !char.is_whitespace()).collect();
    compact.chunks(4).map(|four| four.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// What a banking app scans, as squares.
pub(super) fn payment_code(document: &Document) -> Option<String> {
    let bank = document.bank.as_ref().filter(|bank| !bank.scan.is_empty())?;
    let code = QrCode::encode_text(&bank.scan, QrCodeEcc::Medium).ok()?;
    let mut squares = String::new();
    for y in 0..code.size() {
        for x in (0..code.size()).filter(|x| code.get_module(*x, y)) {
            let _ = write!(squares, "M{x} {y}h1v1h-1z");
        }
    }
    let size = code.size();
    Some(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {size} {size}\" shape-rendering=\"crispEdges\">\
<path d=\"{squares}\"/></svg>"
    ))
}
