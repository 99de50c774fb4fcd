//! Overview: what there is and until when, what this month costs beside the last one, what costs most, what needs somebody.

use super::ask::{Ask, Page, found};
use super::balance_days::balance_days;
use super::costs::Asked;
use super::standing::{DueBills, needs, sentence, waits_for_bill};
use crate::block::{Block, Cell, Item, Link, Notice, Section};
use crate::chart::{Ahead, LineOf, composition, line};
use crate::frame::PageError;
use farthing_core::access::Deed;
use farthing_core::cost::GroupBy;
use farthing_engine::{AccountStanding, CostQuestion, MonthView};

/// As many costs as are named.
const TOP: usize = 5;

pub(super) fn page(ask: &Ask) -> Result<Page, PageError> {
    if ask.asked("projects") == Some("part") && ask.seat.projects.is_none() {
        return super::shared::page(ask, &Asked::of(ask)?, ("nav.overview", ""));
    }
    let (cloud, account, engine) = (ask.id(), ask.account(), ask.engine());
    let standing = found(engine.account_standing(cloud, account, ask.now), ask)?;
    let ladder = found(engine.ladder(cloud, account), ask)?;
    let methods =
        if ask.may(Deed::SetMethods) { found(engine.methods(cloud, account, false), ask)? } else { Vec::new() };
    let due = DueBills::of(ask)?;
    let month = found(engine.month_of(cloud, account, ask.now), ask)?;
    let mut head = vec![Block::Lead(as_of(ask)?)];
    head.extend(super::shared::switch(ask, "", &["", "part"]));
    head.push(Block::Figures(figures(ask, &standing, &due)?));
    if ask.may(Deed::Pay) {
        head.push(Block::Links(vec![
            Link::new(ask.at("/balance/top-up"), ask.say("action.top_up")).strong(),
            ask.link("/bills", "overview.see_bills"),
        ]));
    }
    let needed = needs(ask, &standing, &ladder, &methods, &due)?;
    let needed = if needed.is_empty() { vec![Notice::new("good", ask.say("needs.nothing"))] } else { needed };
    let mut page = Page::new(ask, "nav.overview", sentence(ask, &standing, &due)?)
        .section(Section::plain(head))
        .section(Section::new(ask.say("needs.title"), vec![Block::Notices(needed)]));
    if let Some(chart) = balance_chart(ask, &standing)? {
        page = page.section(Section::new(ask.say("overview.balance"), vec![chart]));
    }
    Ok(page.section(months(ask, &month)?).section(top(ask, &month)?))
}

fn as_of(ask: &Ask) -> Result<String, PageError> {
    let now = ask.moment(ask.now)?.text;
    Ok(ask.with("overview.as_of", &[("time", &now), ("zone", ask.zone.name())]))
}

/// Available, accrued, due; and whatever else there is.
fn figures(ask: &Ask, standing: &AccountStanding, due: &DueBills) -> Result<Vec<Item>, PageError> {
    let Some(view) = &standing.view else { return Ok(Vec::new()) };
    let item = |key, units| Ok::<_, PageError>(Item::new(ask.say(key), ask.amount(units)?));
    let mut items = vec![
        item("figure.available", view.available)?,
        item("figure.accrued", view.figures.accrued_prepaid)?,
        item("figure.due", view.due.max(due.sum()))?,
    ];
    let rest = [
        ("figure.held", view.held),
        ("figure.credit", view.figures.credit),
        ("figure.next_bill", waits_for_bill(view)),
        ("figure.rolled", view.rolled),
    ];
    for (key, units) in rest.into_iter().filter(|(_, units)| *units != 0) {
        items.push(item(key, units)?);
    }
    if view.burn_per_hour != 0 {
        let rate = Cell::amount(ask.notation.fine(i128::from(view.burn_per_hour))?);
        items.push(Item::new(ask.say("figure.rate"), rate));
    }
    Ok(items)
}

pub(super) fn balance_chart(ask: &Ask, standing: &AccountStanding) -> Result<Option<Block>, PageError> {
    let days = balance_days(ask)?;
    let runs_out = standing.view.as_ref().and_then(|view| view.runs_out_at).filter(|end| *end > ask.now);
    let ahead = match runs_out {
        Some(end) => Some(Ahead { runs_out: ask.zone.civil_date_of(end)? }),
        None => None,
    };
    let of = LineOf { id: "balance", title: ask.say("chart.balance_title").to_owned(), days: &days, ahead };
    Ok(line(of, &ask.notation, ask.language)?.map(Block::Line))
}

fn months(ask: &Ask, month: &MonthView) -> Result<Section, PageError> {
    let last = month.month.add_months(-1)?;
    let same =
        ask.language.day_and_month(last.add_days(i64::from(month.today.day().min(last.last_of_month().day())) - 1)?);
    let items = vec![
        Item::new(ask.with("month.so_far", &[("month", &ask.language.month(month.month))]), ask.amount(month.so_far)?),
        Item::new(ask.with("month.before", &[("date", &same)]), ask.amount(month.before)?),
        Item::new(
            ask.with("month.before_whole", &[("month", &ask.language.month(last))]),
            ask.amount(month.before_whole)?,
        ),
        Item::new(ask.say("month.forecast"), ask.amount(month.forecast)?),
    ];
    let difference = month.so_far.saturating_sub(month.before);
    let amount = ask.money(difference.saturating_abs())?;
    let told = match difference {
        0 => ask.say("month.same").to_owned(),
        1.. => ask.with("month.more", &[("amount", &amount), ("date", &same)]),
        _ => ask.with("month.less", &[("amount", &amount), ("date", &same)]),
    };
    Ok(Section::new(
        ask.say("month.title"),
        vec![Block::Text(told), Block::Figures(items), Block::Links(vec![ask.link("/costs", "month.see_costs")])],
    ))
}

fn top(ask: &Ask, month: &MonthView) -> Result<Section, PageError> {
    let asked = CostQuestion {
        from: month.month,
        to: month.month.add_months(1)?,
        by: GroupBy::Resource,
        filter: super::costs::filter_of_seat(ask),
    };
    let view = found(ask.engine().cost_groups(ask.id(), ask.account(), &asked, ask.now), ask)?;
    let lines = view.groups.iter().filter(|group| group.net > 0).take(TOP);
    let lines = lines.map(|group| {
        let name = if group.key.is_empty() {
            Cell::link(ask.at("/costs"), ask.say("costs.no_resource"))
        } else {
            Cell::link(super::costs::resource_address(ask, &group.key), group.key.clone())
        };
        (name, group.net)
    });
    let title =
        ask.with("overview.top_caption", &[("month", &ask.language.month(month.month)), ("code", ask.currency())]);
    let chart = composition(title, lines.collect(), ask.say("costs.empty").to_owned(), &ask.notation)?;
    Ok(Section::new(ask.say("overview.top"), vec![Block::Composition(chart)]))
}
