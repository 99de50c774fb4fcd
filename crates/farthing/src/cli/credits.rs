//! `farthing credits` and `farthing coupon`: gifts and grants that come again, what each credit has paid for; coupons, their codes, and who
//! redeemed them.

use super::store::{Place, print_json, second};
use super::table::{Align, Table};
use clap::{Args, Subcommand};
use farthing::failure::Failure;
use farthing_core::money::{Currency, Money};
use farthing_core::time::{Instant, Span};
use farthing_engine::{CouponFacts, NewCoupon, NewGift, NewGrant, Recurrence};
use serde_json::{Value, json};
use std::process::ExitCode;

/// As many as are listed.
const MOST: usize = 1_000;

#[derive(Args, Debug)]
pub(crate) struct Credits {
    #[command(subcommand)]
    command: CreditCommand,
}

#[derive(Subcommand, Debug)]
enum CreditCommand {
    /// All credit an account ever had.
    List(OfAccount),
    /// One grant, and what it has paid for.
    Show(ShowCredit),
    /// Gives a gift of the catalogue.
    Gift(GivenGift),
    /// Begins a grant that comes again: every day, every month.
    Again(Again),
}

#[derive(Args, Debug)]
struct OfAccount {
    account: String,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
struct ShowCredit {
    account: String,
    /// What the account calls it.
    name: String,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
struct GivenGift {
    account: String,
    /// The gift's id in the catalogue.
    gift: String,
    /// What the account calls it; the gift's id when it is not given.
    #[arg(long)]
    name: Option<String>,
    /// Why: it is kept with the grant and in the audit log.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
struct Again {
    account: String,
    /// How much each time.
    amount: String,
    /// Those it gives are called so, with a number behind.
    #[arg(long)]
    name: String,
    /// How long from one to the next: 1d, 1w, 1mo.
    #[arg(long)]
    every: String,
    /// How often in all; for ever when it is not given.
    #[arg(long)]
    times: Option<u32>,
    /// What of it may be carried on when the next comes; the rest lapses, all of it when this is not given.
    #[arg(long, value_name = "AMOUNT")]
    rollover: Option<String>,
    /// What it may pay for; everything when it is not given.
    #[arg(long = "product", value_name = "PRODUCT")]
    products: Vec<String>,
    /// Of several the lowest pays first.
    #[arg(long, default_value_t = 0)]
    priority: i64,
    /// Why: it is kept with the grant and in the audit log.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
pub(crate) struct Coupons {
    #[command(subcommand)]
    command: CouponCommand,
}

#[derive(Subcommand, Debug)]
enum CouponCommand {
    /// The cloud's coupons: those of the catalogue, and those made by hand.
    List(Listing),
    /// Makes a coupon that the catalogue does not have, in its words.
    Make(Box<Make>),
    /// Makes codes of a coupon whose codes are "single": each is good once.
    Codes(Codes),
    /// Redeems a code for an account.
    Redeem(Redeem),
    /// What an account has redeemed, and what it took off.
    Redeemed(OfAccount),
}

#[derive(Args, Debug)]
struct Listing {
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
struct Make {
    /// What people type.
    code: String,
    /// Off what it applies to.
    #[arg(long)]
    percent: Option<String>,
    /// Or so much.
    #[arg(long)]
    amount: Option<String>,
    /// Or so many periods of a term for nothing.
    #[arg(long)]
    free_periods: Option<u32>,
    /// Which products; all when it is not given.
    #[arg(long = "product", value_name = "PRODUCT")]
    products: Vec<String>,
    /// Which of their SKUs; all when it is not given.
    #[arg(long = "sku", value_name = "SKU")]
    skus: Vec<String>,
    /// Only the first order of an account.
    #[arg(long)]
    first_order: bool,
    /// Each has a code of its own, which is good once.
    #[arg(long)]
    single: bool,
    /// How often in all.
    #[arg(long)]
    redemptions: Option<u32>,
    /// How often by one account.
    #[arg(long)]
    per_account: Option<u32>,
    /// How often in all within each so long, such as 100/1mo.
    #[arg(long, value_name = "N/SPAN")]
    per_period: Option<String>,
    /// For how many bills it holds; "none": for all.
    #[arg(long)]
    bills: Option<String>,
    /// From when: a day, or an instant.
    #[arg(long)]
    from: Option<String>,
    /// Until when: a day is its last.
    #[arg(long)]
    until: Option<String>,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
struct Codes {
    /// The coupon.
    #[arg(long, value_name = "COUPON")]
    of: String,
    /// How many are made. Those there are, are listed when it is not given.
    #[arg(long)]
    count: Option<u32>,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
struct Redeem {
    account: String,
    code: String,
    #[command(flatten)]
    place: Place,
}

pub(crate) fn credits(arguments: &Credits) -> Result<ExitCode, Failure> {
    match &arguments.command {
        CreditCommand::List(of) => list_credits(of)?,
        CreditCommand::Show(of) => show_credit(of)?,
        CreditCommand::Gift(gift) => give(gift)?,
        CreditCommand::Again(again) => begin(again)?,
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn coupons(arguments: &Coupons) -> Result<ExitCode, Failure> {
    match &arguments.command {
        CouponCommand::List(listing) => list_coupons(listing)?,
        CouponCommand::Make(make) => make_coupon(make)?,
        CouponCommand::Codes(codes) => make_codes(codes)?,
        CouponCommand::Redeem(redeem) => redeem_code(redeem)?,
        CouponCommand::Redeemed(of) => list_redeemed(of)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn said(reason: &str) -> Result<String, Failure> {
    if reason.trim().is_empty() {
        return Err(Failure::from("say why you give it: --reason is for whoever looks at it later"));
    }
    Ok(reason.to_owned())
}

fn list_credits(of: &OfAccount) -> Result<(), Failure> {
    let desk = of.place.desk()?;
    let (currency, lots) = desk.engine.credits(&desk.cloud, &of.account, None, MOST)?;
    let money = |units| Money::from_units(units, currency).plain();
    let until = |at: Option<Instant>| at.map(second).unwrap_or_default();
    let source = |lot: &farthing_store::LotRow| lot.source.as_ref().map(ToString::to_string).unwrap_or_default();
    if desk.json {
        let list: Vec<Value> = lots
            .iter()
            .map(|lot| {
                json!({
                    "name": lot.name, "amount": money(lot.amount), "left": money(lot.balance), "source": source(lot),
                    "products": lot.products.iter().map(ToString::to_string).collect::<Vec<_>>(),
                    "starts_at": lot.starts.to_string(), "expires_at": lot.expires.map(|at| at.to_string()),
                    "lapsed": lot.lapsed,
                })
            })
            .collect();
        return print_json(&json!({ "account": of.account, "currency": currency.code(), "credits": list }));
    }
    if lots.is_empty() {
        println!("{} never had any credit.", of.account);
        return Ok(());
    }
    let mut table = Table::new(&[
        ("credit", Align::Left),
        ("given", Align::Number),
        ("left", Align::Number),
        ("for", Align::Left),
        ("until", Align::Left),
        ("from", Align::Left),
    ]);
    for lot in &lots {
        let products: Vec<&str> = lot.products.iter().map(farthing_core::config::Name::as_str).collect();
        let ends = if lot.lapsed { "lapsed".to_owned() } else { until(lot.expires) };
        table.row([lot.name.clone(), money(lot.amount), money(lot.balance), products.join(", "), ends, source(lot)]);
    }
    print!("{table}");
    Ok(())
}

fn show_credit(of: &ShowCredit) -> Result<(), Failure> {
    let desk = of.place.desk()?;
    let facts = desk.engine.credit(&desk.cloud, &of.account, &of.name, None, MOST)?;
    let money = |units| Money::from_units(units, facts.currency).plain();
    if desk.json {
        let lines: Vec<Value> = facts
            .lines
            .iter()
            .map(|line| {
                json!({
                    "transfer": line.transfer.to_string(), "at": line.at.to_string(), "kind": line.kind.name(),
                    "product": line.product.as_ref().map(ToString::to_string), "change": money(line.change),
                    "left": money(line.left),
                })
            })
            .collect();
        let name = &facts.lot.name;
        return print_json(&json!({ "account": of.account, "name": name, "currency": facts.currency.code(),
            "amount": money(facts.lot.amount), "left": money(facts.lot.balance), "history": lines }));
    }
    let mut table = Table::new(&[
        ("when", Align::Left),
        ("what", Align::Left),
        (&format!("change {}", facts.currency.code()), Align::Number),
        ("left", Align::Number),
    ]);
    for line in &facts.lines {
        let what = line.product.as_ref().map_or_else(|| line.kind.name().replace('_', " "), ToString::to_string);
        table.row([second(line.at), what, money(line.change), money(line.left)]);
    }
    print!("{table}");
    Ok(())
}

fn give(gift: &GivenGift) -> Result<(), Failure> {
    let desk = gift.place.desk()?;
    let wanted = NewGift {
        account: gift.account.clone(),
        gift: gift.gift.clone(),
        name: gift.name.clone(),
        reason: Some(said(&gift.reason)?),
    };
    let name = desk.engine.give_gift(&desk.cloud, &wanted)?;
    let facts = desk.engine.credit(&desk.cloud, &gift.account, &name, None, 0)?;
    let amount = Money::from_units(facts.lot.amount, facts.currency);
    if desk.json {
        return print_json(&json!({ "account": gift.account, "grant": name, "amount": amount.plain(),
            "currency": facts.currency.code(), "expires_at": facts.lot.expires.map(|at| at.to_string()) }));
    }
    let until = facts.lot.expires.map(|at| format!(" until {}", second(at))).unwrap_or_default();
    println!("{} has {amount} of credit {name}{until}.", gift.account);
    Ok(())
}

fn begin(again: &Again) -> Result<(), Failure> {
    let desk = again.place.desk()?;
    let grant = NewGrant {
        name: again.name.clone(),
        account: again.account.clone(),
        amount: desk.amount(&again.amount)?,
        products: again.products.clone(),
        priority: again.priority,
        starts: None,
        expires: None,
        reason: Some(said(&again.reason)?),
    };
    let rollover = again.rollover.as_deref().map(|most| desk.amount(most)).transpose()?;
    let recurs = Recurrence { every: Span::parse(&again.every)?, times: again.times, rollover };
    desk.engine.grant_recurring(&desk.cloud, &grant, &recurs)?;
    if desk.json {
        return print_json(&json!({ "account": grant.account, "grant": grant.name, "amount": grant.amount.plain(),
            "currency": grant.amount.currency().code(), "every": again.every, "times": again.times }));
    }
    println!("{} has {} of credit {} every {}.", grant.account, grant.amount, grant.name, again.every);
    Ok(())
}

/// `20%`, `10.00 USD` or `2 periods free`.
fn off(facts: &CouponFacts) -> String {
    let currency = Currency::parse(&facts.currency).ok();
    let amount = facts.amount.zip(currency).map(|(units, currency)| Money::from_units(units, currency).to_string());
    let free = facts.free_periods.map(|periods| format!("{periods} periods free"));
    facts.percent.clone().or(amount).or(free).unwrap_or_default()
}

fn list_coupons(listing: &Listing) -> Result<(), Failure> {
    let desk = listing.place.desk()?;
    let coupons = desk.engine.coupons(&desk.cloud)?;
    if desk.json {
        return print_json(&json!({ "cloud": desk.cloud, "coupons": serde_json::to_value(&coupons)? }));
    }
    if coupons.is_empty() {
        println!("{} has no coupons.", desk.cloud);
        return Ok(());
    }
    let mut table = Table::new(&[
        ("coupon", Align::Left),
        ("off", Align::Left),
        ("for", Align::Left),
        ("redeemed", Align::Number),
        ("of", Align::Number),
        ("until", Align::Left),
    ]);
    for coupon in &coupons {
        let most = coupon.redemptions.map(|most| most.to_string()).unwrap_or_default();
        let until = coupon.until.clone().unwrap_or_default();
        let products = coupon.products.join(", ");
        table.row([coupon.code.clone(), off(coupon), products, coupon.redeemed.to_string(), most, until]);
    }
    print!("{table}");
    Ok(())
}

fn make_coupon(make: &Make) -> Result<(), Failure> {
    let desk = make.place.desk()?;
    let limit = |text: &String| {
        let (count, every) = text.split_once('/')?;
        Some((count.parse::<u32>().ok()?, every.to_owned()))
    };
    let per_period = match &make.per_period {
        None => None,
        Some(text) => Some(limit(text).ok_or("write --per-period as how often and in how long, such as 100/1mo")?),
    };
    let coupon = NewCoupon {
        code: make.code.clone(),
        percent: make.percent.clone(),
        amount: make.amount.clone(),
        free_periods: make.free_periods,
        products: make.products.clone(),
        skus: make.skus.clone(),
        first_order: make.first_order,
        codes: make.single.then(|| "single".to_owned()),
        redemptions: make.redemptions,
        per_account: make.per_account,
        per_period,
        bills: make.bills.clone(),
        from: make.from.clone(),
        until: make.until.clone(),
    };
    let facts = desk.engine.make_coupon(&desk.cloud, &coupon)?;
    if desk.json {
        return print_json(&serde_json::to_value(&facts)?);
    }
    println!("{} takes off {}.", facts.code, off(&facts));
    if make.single {
        println!("Make its codes with: farthing coupon codes --of {} --count 100", facts.code);
    }
    Ok(())
}

fn make_codes(codes: &Codes) -> Result<(), Failure> {
    let desk = codes.place.desk()?;
    let listed = if let Some(count) = codes.count {
        desk.engine.make_coupon_codes(&desk.cloud, &codes.of, count)?
    } else {
        let rows = desk.engine.coupon_codes(&desk.cloud, &codes.of, "", usize::MAX)?;
        rows.into_iter().filter(|row| row.redemption.is_none()).map(|row| row.code).collect()
    };
    if desk.json {
        return print_json(&json!({ "coupon": codes.of, "codes": listed }));
    }
    // One a line, for whatever prints or mails them.
    for code in listed {
        println!("{code}");
    }
    Ok(())
}

fn redeem_code(redeem: &Redeem) -> Result<(), Failure> {
    let desk = redeem.place.desk()?;
    let facts = desk.engine.redeem_coupon(&desk.cloud, &redeem.account, &redeem.code)?;
    if desk.json {
        return print_json(&serde_json::to_value(&facts)?);
    }
    match facts.uses.first() {
        Some(used) => println!("{} has redeemed {}: it is now {}.", redeem.account, facts.coupon, used.document),
        None => println!("{} has redeemed {}: it applies to the next bill.", redeem.account, facts.coupon),
    }
    Ok(())
}

fn list_redeemed(of: &OfAccount) -> Result<(), Failure> {
    let desk = of.place.desk()?;
    let redeemed = desk.engine.redemptions(&desk.cloud, &of.account)?;
    if desk.json {
        return print_json(&json!({ "account": of.account, "redemptions": serde_json::to_value(&redeemed)? }));
    }
    if redeemed.is_empty() {
        println!("{} has redeemed no coupon.", of.account);
        return Ok(());
    }
    let mut table = Table::new(&[
        ("coupon", Align::Left),
        ("code", Align::Left),
        ("redeemed", Align::Left),
        ("is", Align::Left),
        ("used", Align::Number),
        ("left", Align::Number),
    ]);
    for one in &redeemed {
        let left = one.left.map_or_else(|| "for all".to_owned(), |left| left.to_string());
        let at = second(Instant::from_micros(one.at));
        table.row([one.coupon.clone(), one.code.clone(), at, one.state.replace('_', " "), one.used.to_string(), left]);
    }
    print!("{table}");
    Ok(())
}
