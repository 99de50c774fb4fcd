//! The price list, searchable, and for each product a calculator on the rating itself (R72): what stands here is what bills are made by.

use super::calculation::{Calculation, calculate};
use super::open::Open;
use super::shelf::{Line, Shelf, shelf};
use crate::block::{Block, Cell, Choice, Field, Form, Link, Section, Table};
use crate::frame::{PageError, segment};
use crate::web::sight::Page;
use crate::words::prices as price_words;
use farthing_core::catalog::Product;

fn address(open: &Open, product: &Product) -> String {
    open.at(&format!("/prices/{}", segment(product.id.as_str())))
}

/// Whether somebody who looks for this wants to see it.
fn fits(product: &Product, line: Option<&Line>, wanted: &str) -> bool {
    let about = product.about.as_ref().map(ToString::to_string).unwrap_or_default();
    let line = line.map(|line| format!("{} {}", line.what, line.detail)).unwrap_or_default();
    let text = format!("{} {about} {line}", product.name).to_lowercase();
    wanted.to_lowercase().split_whitespace().all(|word| text.contains(word))
}

#[expect(clippy::unnecessary_wraps, reason = "every page may fail; this one reads nothing")]
pub(super) fn page(open: &Open) -> Result<Page, PageError> {
    let wanted = open.query.get("q").map(|text| text.trim()).unwrap_or_default().to_owned();
    let catalog = &open.cloud.profile.catalog;
    let search = Form::get(open.at("/prices"), open.say("prices.search_button"))
        .field(Field::of("q", open.say("prices.search"), "search").value(wanted.clone()))
        .short();
    let currency = format!("{} ({})", open.cloud.currency, open.cloud.currency.name());
    let mut sections = vec![Section::plain(vec![
        Block::Lead(open.with("prices.lead", &[("currency", &currency)])),
        Block::Form(search),
    ])];
    let mut shown = 0_i64;
    for product in &catalog.product {
        let mut shelf = shelf(&open.cloud, product, open.language.locale());
        if !wanted.is_empty() {
            shelf.lines.retain(|line| fits(product, Some(line), &wanted));
        }
        if shelf.lines.is_empty() && !fits(product, None, &wanted) {
            continue;
        }
        shown += i64::try_from(shelf.lines.len()).unwrap_or(0);
        let mut blocks = about(open, product);
        blocks.push(Block::Table(table(open, &shelf)));
        blocks.push(Block::Links(vec![Link::new(address(open, product), open.say("prices.calculate"))]));
        sections.push(Section::new(product.name.to_string(), blocks));
    }
    let sentence = match (wanted.is_empty(), shown) {
        (true, _) => open.with("prices.sentence", &[("cloud", &open.cloud.name)]),
        (false, 0) => open.with("prices.none", &[("text", &wanted)]),
        (false, found) => open.language.count("prices.found", found),
    };
    Ok(Open::page(open.say("foot.prices"), sentence, sections))
}

fn about(open: &Open, product: &Product) -> Vec<Block> {
    let mut blocks = Vec::new();
    if let Some(about) = &product.about {
        blocks.push(Block::Text(about.to_string()));
    }
    blocks.push(Block::Text(open.language.sentences(&price_words::facts(product, open.language))));
    blocks
}

fn table(open: &Open, shelf: &Shelf) -> Table {
    let mut labels = vec![open.say("prices.what").to_owned()];
    if shelf.details {
        labels.push(open.say("prices.which").to_owned());
    }
    labels.push(format!("#{}", open.say("prices.price")));
    if shelf.months {
        labels.push(format!("#{}", open.say("prices.month")));
    }
    let caption = open.with("prices.caption", &[("product", &shelf.name), ("code", open.cloud.currency.code())]);
    let mut table = Table::new(caption, &labels.iter().map(String::as_str).collect::<Vec<_>>())
        .when_empty(open.say("prices.empty"));
    for line in &shelf.lines {
        let mut cells = vec![Cell::text(line.what.clone())];
        if shelf.details {
            cells.push(Cell::text(line.detail.clone()));
        }
        let mut prices = line.prices.iter().map(|price| price_words::in_language(price, open.language));
        let first = prices.next().unwrap_or_default();
        cells.push(Cell::number(first).note(prices.collect::<Vec<_>>().join("; ")));
        if shelf.months {
            let month = line.month.as_ref().map(|month| price_words::in_language(month, open.language));
            cells.push(Cell::number(month.unwrap_or_default()));
        }
        table.row(cells);
    }
    table
}

/// Which product, before what of it.
#[expect(clippy::unnecessary_wraps, reason = "every page may fail; this one reads nothing")]
pub(super) fn products(open: &Open) -> Result<Page, PageError> {
    let labels = ["prices.what", "prices.how"].map(|key| open.language.find(key).unwrap_or(key).to_owned());
    let mut table = Table::new(open.say("calculator.caption"), &labels.each_ref().map(String::as_str))
        .when_empty(open.say("prices.empty"));
    for product in &open.cloud.profile.catalog.product {
        let facts = price_words::facts(product, open.language);
        table.row(vec![
            Cell::link(address(open, product), product.name.to_string()),
            Cell::text(facts.into_iter().next().unwrap_or_default()),
        ]);
    }
    let sections = vec![Section::plain(vec![Block::Table(table)])];
    Ok(Open::page(open.say("foot.calculator"), open.say("calculator.choose"), sections))
}

pub(super) fn calculator(open: &Open) -> Result<Page, PageError> {
    let product = open.cloud.profile.catalog.product_by_id(open.name("product"));
    let product = product.ok_or_else(|| PageError::NotFound(open.say("error.no_page").to_owned()))?;
    let Calculation { fields, choices, lines, total, trouble } =
        calculate(&open.cloud, product, &open.query, open.now, open.language.locale());
    let sentence = match &total {
        Some(total) => open.with("calculator.costs", &[("amount", total)]),
        None => open.with("calculator.what", &[("product", &product.name.to_string())]),
    };
    let mut sections = Vec::new();
    if !lines.is_empty() {
        let mut blocks = Vec::new();
        for line in lines {
            blocks.push(Block::Text(line.what));
            blocks.push(Block::Steps(line.steps));
        }
        sections.push(Section::new(open.say("why.arithmetic"), blocks));
    }
    let mut form = Form::get(address(open, product), open.say("calculator.button"));
    let words = |text: &str| {
        let slug: String =
            text.chars().map(|char| if char.is_alphanumeric() { char.to_ascii_lowercase() } else { '_' }).collect();
        open.language.find(&format!("ask.{slug}")).unwrap_or(text).to_owned()
    };
    for choice in choices {
        let list = choice.list.into_iter().map(|one| Choice::new(one.id, words(&one.name), one.chosen));
        form = form.field(Field::select(&choice.name, words(&choice.label), list.collect()));
    }
    for field in fields {
        let error = trouble.as_ref().filter(|_| field.wrong).map(|trouble| words(&trouble.what));
        let mut shown = Field::text(&field.name, words(&field.label)).value(field.value).help(words(field.help));
        shown.error = error.unwrap_or_default();
        form = form.field(shown);
    }
    if let Some(trouble) = trouble.filter(|trouble| trouble.field.is_none()) {
        form.trouble = Some(words(&trouble.what));
    }
    let mut blocks = about(open, product);
    blocks.push(Block::Form(form));
    sections.push(Section::new(open.say("foot.calculator"), blocks));
    sections.push(Section::new(
        open.say("foot.prices"),
        vec![Block::Table(table(open, &shelf(&open.cloud, product, open.language.locale())))],
    ));
    let mut page = Open::page(product.name.to_string(), sentence, sections);
    page.above = vec![Link::new(open.at("/prices"), open.say("foot.prices"))];
    Ok(page)
}
