//! Resources: what there is, in which state since when, at what price, what it costs this month; and stopping one, with what that ends.

use super::ask::{Ask, Done, Page, Stop, found};
use super::cost_page::label;
use super::costs::resource_address;
use crate::block::{Block, Cell, Fact, Form, Link, Section, Table};
use crate::frame::{PageError, segment};
use crate::words::prices as price_words;
use farthing_core::access::Deed;
use farthing_core::catalog::{Kind, Wanted};
use farthing_core::config::Name;
use farthing_core::rate::Factor;
use farthing_core::timeline::State;
use farthing_engine::{ListedResource, ResourceFilter, ResourceMonth};

/// As many as one page has.
const LINES_MAX: usize = 1_000;

pub(crate) fn page(ask: &Ask) -> Result<Page, PageError> {
    let filter = ResourceFilter {
        account: Some(ask.account().to_owned()),
        project: ask.asked("project").map(str::to_owned),
        state: ask.asked("state").map(str::to_owned),
    };
    if ask.asked("projects") == Some("part") && ask.seat.projects.is_none() {
        return super::shared::resources(ask);
    }
    let mut things = found(ask.engine().resources(ask.id(), &filter, 0, LINES_MAX), ask)?;
    if let Some(projects) = &ask.seat.projects {
        let own = |thing: &ListedResource| thing.project.as_ref().is_some_and(|name| projects.contains(name));
        things.retain(|thing| own(thing) && thing.thing.person == ask.visitor.known_as);
    }
    if ask.asked("projects") == Some("created") {
        let created = super::cost_page::created(ask)?;
        things.retain(|thing| thing.project.as_ref().is_some_and(|name| created.contains(name)));
    }
    let (gone, mut there): (Vec<_>, Vec<_>) =
        things.into_iter().partition(|one| state_of(one).is_some_and(State::is_gone));
    there.sort_by_key(|one| (!state_of(one).is_some_and(State::is_alive), std::cmp::Reverse(one.thing.since)));
    let month = found(ask.engine().months_of_resources(ask.id(), ask.account(), ask.now), ask)?;
    let running = there.iter().filter(|one| state_of(one).is_some_and(State::is_alive)).count();
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let sentence = match there.len() {
        0 => ask.say("resources.none").to_owned(),
        all => ask.with(
            "resources.sentence",
            &[
                ("all", &ask.language.count("resources.count", count(all))),
                ("running", &ask.language.count("resources.running", count(running))),
            ],
        ),
    };
    let shown = if ask.asked("gone").is_some() { &gone } else { &there };
    let labels = [
        "resources.name",
        "resources.product",
        "resources.state",
        "resources.since",
        "#resources.price",
        "#resources.month",
        "#resources.projected",
    ]
    .map(|key| label(ask, key));
    let caption = ask.with("resources.caption", &[("count", &shown.len().to_string()), ("code", ask.currency())]);
    let mut table = Table::new(caption, &labels.each_ref().map(String::as_str)).when_empty(ask.say("resources.empty"));
    let (mut sum, mut projected) = (0_i64, 0_i64);
    for one in shown {
        let cost = month.get(&one.thing.name).copied().unwrap_or_default();
        sum = sum.saturating_add(cost.so_far);
        projected = projected.saturating_add(cost.forecast);
        table.row(row(ask, one, &cost)?);
    }
    let mut total: Vec<Cell> = (0..labels.len()).map(|_| Cell::text("")).collect();
    total[0] = Cell::text(ask.say("total"));
    total[5] = ask.bare(sum)?;
    total[6] = ask.bare(projected)?;
    let mut links = vec![ask.link("/resources", "resources.there").here(ask.asked("gone").is_none())];
    if !gone.is_empty() {
        let words = ask.with("resources.gone", &[("count", &gone.len().to_string())]);
        links.push(Link::new(ask.at("/resources?gone=1"), words).here(ask.asked("gone").is_some()));
    }
    let mut blocks: Vec<Block> =
        super::shared::switch(ask, "/resources", &["", "created", "part"]).into_iter().collect();
    blocks.push(Block::Switch { label: ask.say("resources.switch").to_owned(), links });
    blocks.push(Block::Table(table.total(total)));
    Ok(Page::new(ask, "nav.resources", sentence).section(Section::plain(blocks)))
}

fn state_of(one: &ListedResource) -> Option<State> {
    State::parse(&one.thing.state)
}

fn row(ask: &Ask, one: &ListedResource, month: &ResourceMonth) -> Result<Vec<Cell>, PageError> {
    let thing = &one.thing;
    let catalog = &ask.cloud.profile.catalog;
    let product = catalog.product_by_id(thing.product.as_str());
    let unit = product.and_then(|product| catalog.meter_by_id(product.meter.as_ref()?)).map(|of| of.unit.beside(false));
    let size = unit.map(|unit| format!("{} {unit}", thing.size));
    let sku = thing.sku.as_ref().map(ToString::to_string);
    let wanted = Wanted {
        product: thing.product.as_str(),
        sku: thing.sku.as_ref().map(Name::as_str),
        component: None,
        account: None,
        on: None,
    };
    let offer = catalog.offer(wanted).ok();
    let prices = offer.map(|offer| price_words::prices(&offer.pricing, offer.product)).unwrap_or_default();
    let prices: Vec<String> = prices.iter().map(|price| price_words::in_language(price, ask.language)).collect();
    let state = state_of(one);
    let class = match state {
        Some(State::Running) => "good",
        Some(State::Missing | State::Suspended | State::Locked | State::Failed) => "warn",
        _ => "muted",
    };
    let word = ask.language.word("state", if thing.state.is_empty() { "pending" } else { &thing.state });
    let mut state_cell = Cell::text(word).class(class);
    let stops = product.is_some_and(|product| product.kind == Kind::Running);
    if state.is_some_and(State::is_alive) && stops && ask.may(Deed::StopResource) {
        state_cell = state_cell
            .note(ask.say("resources.stop"))
            .note_to(ask.at(&format!("/resources/{}/stop", segment(&thing.name))));
    }
    Ok(vec![
        Cell::link(resource_address(ask, &thing.name), thing.name.clone())
            .note(one.project.clone().unwrap_or_default()),
        Cell::text(ask.product(thing.product.as_str())).note(sku.or(size).unwrap_or_default()),
        state_cell,
        ask.moment(thing.since)?,
        Cell::number(prices.join(", ")),
        ask.bare(month.so_far)?,
        ask.bare(month.forecast)?,
    ])
}

fn named(ask: &Ask) -> Result<ListedResource, PageError> {
    ask.must(Deed::StopResource)?;
    let view = found(ask.engine().resource_view(ask.id(), ask.name("resource")), ask)?;
    let one = found(ask.engine().listed_resource(ask.id(), &view.thing), ask)?;
    let projects = ask.seat.projects.as_ref();
    let may = projects.is_none_or(|own| one.project.as_ref().is_some_and(|name| own.contains(name)));
    if one.account != ask.account() || !may {
        return Err(PageError::NotFound(ask.say("error.no_page").to_owned()));
    }
    Ok(one)
}

/// What stops costing, and what goes on.
pub(super) fn stop_page(ask: &Ask) -> Result<Page, PageError> {
    let one = named(ask)?;
    let name = &one.thing.name;
    let product = ask.cloud.profile.catalog.product_by_id(one.thing.product.as_str());
    let share = product.and_then(|product| product.states.get("stopped").copied());
    let mut effect = match share {
        Some(share) if share == Factor::ONE => vec![ask.say("stop.costs_on").to_owned()],
        Some(share) if share.trillionths() > 0 => {
            vec![ask.with("stop.costs_part", &[("part", &share.to_string())])]
        }
        _ => vec![ask.say("stop.costs_nothing").to_owned()],
    };
    effect.push(ask.say("stop.others").to_owned());
    effect.push(ask.say("stop.so_far").to_owned());
    let facts = vec![
        Fact::new(ask.say("resources.product"), Cell::text(ask.product(one.thing.product.as_str()))),
        Fact::new(ask.say("resources.state"), Cell::text(ask.language.word("state", &one.thing.state))),
        Fact::new(ask.say("resources.since"), ask.moment(one.thing.since)?),
    ];
    let mut blocks = vec![Block::Facts(facts)];
    if ask.console.stopper.is_some() {
        let form = Form::post(
            ask.at(&format!("/resources/{}/stop", segment(name))),
            &ask.visitor.csrf,
            ask.with("stop.button", &[("name", name)]),
        )
        .hidden("once", ask.once())
        .effect(effect)
        .danger()
        .again(ask.trouble.as_ref(), &ask.entered);
        blocks.push(Block::Form(form));
    } else {
        blocks.push(Block::List(effect));
        blocks.push(Block::Text(ask.with("stop.elsewhere", &[("cloud", &ask.cloud.name)])));
    }
    let sentence = ask.with("stop.sentence", &[("name", name)]);
    Ok(Page::below(ask, "nav.resources", "/resources", name.clone(), sentence).section(Section::plain(blocks)))
}

pub(super) fn stop(ask: &Ask) -> Result<Done, Stop> {
    let one = named(ask)?;
    let Some(stopper) = &ask.console.stopper else {
        return Err(Stop::Page(PageError::NotFound(ask.say("error.no_page").to_owned())));
    };
    stopper.stop(&ask.doing(), ask.id(), &one.thing.name).map_err(Stop::Refused)?;
    Ok(Done::at(ask, "/resources", "stopped"))
}
