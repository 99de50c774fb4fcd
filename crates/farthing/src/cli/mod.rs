//! The command line: what can be asked.

mod accounts;
mod audit;
mod backup;
mod bank;
mod bank_file;
mod bills;
mod budgets;
mod changes;
mod check;
mod completions;
mod credits;
mod disputes;
mod doctor;
mod effect;
mod estimate;
mod events;
mod export;
mod exports;
mod given_up;
mod import;
mod invoices;
mod keys;
mod money;
mod orders;
mod outages;
mod payments;
mod people;
mod policy;
mod progress;
mod restore;
mod revenue;
mod serve;
mod steps;
mod store;
mod table;
mod test;
mod trials;
mod units;
mod verify;
mod wallets;
mod webhooks;
mod why;

use crate::bench;
use clap::{CommandFactory, Parser, Subcommand};
use std::process::ExitCode;

/// The billing engine a cloud runs: meters, prices, settles and collects, in one binary with an embedded database.
#[derive(Parser, Debug)]
#[command(name = "farthing", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Makes months of made-up life for every cloud in a new database, checks it, and shows it in a browser.
    Demo(farthing::demo::Arguments),
    /// Serves the HTTP API on a store, settles what falls due, and ends when it is told to.
    Serve(serve::Arguments),
    /// Lists, shows, opens and tends accounts: who pays.
    Accounts(accounts::Arguments),
    /// Books money that has come in by hand.
    Topup(money::TopUp),
    /// Gives an account credit.
    Grant(money::Grant),
    /// Credit: what an account had and what it paid for, gifts, grants that come again.
    Credits(credits::Credits),
    /// Coupons: makes them and their codes, redeems them, lists who did.
    Coupon(credits::Coupons),
    /// Bills, receipts, credit notes and statements: lists them, writes them as PDF or e-invoice, disputes, credits and gives them up.
    Bills(bills::Bills),
    /// What customers say is wrong about their bills: lists, grants and refuses it.
    Disputes(disputes::Disputes),
    /// Invoices on request, of what was used and paid: asks for them, lists, issues and refuses them.
    Invoices(invoices::Invoices),
    /// What each month came to, by the ledger: earned, sold ahead, owed.
    Revenue(revenue::Revenue),
    /// Lists and shows payments through providers; approves or refuses those that wait for a person.
    Payments(payments::Payments),
    /// Lists refunds; approves or refuses those that wait for a person.
    Refunds(payments::Refunds),
    /// Shows what an account pays with.
    Methods(payments::Methods),
    /// Members' wallets: accounts inside another, with money of their own from there.
    Wallets(wallets::Arguments),
    /// Orders of what is bought ahead: places, pays and lists them, and says what was made.
    Orders(orders::Orders),
    /// What runs for a time: shows, changes, pauses and ends it.
    Subscriptions(orders::Subscriptions),
    /// The cloud's own outages: reports them, lists and withdraws what was reported.
    Outages(outages::Outages),
    /// Units bought ahead: buys packs from the balance, gives some, lists what is left.
    Units(units::Arguments),
    /// The cloud's bank: takes statements, decides what waits, makes files for it, and says what does not agree.
    Bank(bank::Arguments),
    /// Shows, begins and ends an account's trial.
    Trial(trials::Trial),
    /// Shows and sets how much an account, or a project of it, may cost in a month and an hour.
    Limits(trials::Limits),
    /// What an account's months may cost: who is told, what is blocked or stopped on the way there.
    Budgets(budgets::Budgets),
    /// What comes for accounts in arrears, and what the cloud was asked to do to their resources.
    Steps(steps::Steps),
    /// Keeps accounts and resources from being deleted.
    Keep(steps::Keep),
    /// Shows what an account was charged, with totals.
    Charges(money::Charges),
    /// Who uses the console of a cloud's customers: invites, gives roles, takes away, erases.
    People(people::People),
    /// Who runs the clouds: adds, lists and removes operators, and gives them passwords.
    Operators(people::Operators),
    /// Makes, lists, rotates and revokes API keys.
    Keys(keys::Arguments),
    /// Shows who changed what, from where.
    Audit(audit::Arguments),
    /// What happened to a cloud, as webhooks and mails tell it: a page, or as it comes.
    Events(events::Arguments),
    /// What was sent and what came of it; sends again what was given up.
    Webhooks(webhooks::Arguments),
    /// Says whatever is wrong with a cloud's files, at its line (then it ends with 1), or prints every key there is.
    Check(check::Arguments),
    /// Says how a cloud's files differ from what is in force.
    Plan(policy::Plan),
    /// Puts a cloud's files in force, as a new dated version.
    Apply(policy::Apply),
    /// Lists a cloud's versions: since when, by whom, why.
    Versions(policy::Listing),
    /// Plays scenario files (*.scn) on a simulated clock, and says which came as they should (if not all: ends with 1).
    Test(test::Arguments),
    /// Says what something would cost, with the arithmetic.
    Estimate(estimate::Arguments),
    /// Books what customers had elsewhere, from a CSV file, once.
    Import(import::Arguments),
    /// Checks the set-up and says what to mend (if anything is bad: ends with 1).
    Doctor(doctor::Arguments),
    /// Copies a store into one file while others write to it.
    Backup(backup::Arguments),
    /// Makes a store of a backup and proves it; it sends nothing until it is accepted.
    Restore(restore::Arguments),
    /// Says that a restored store is the living one: what waits may leave it.
    Accept(restore::Accept),
    /// Proves the ledger from its own rows, or names the first row that is wrong (then it ends with 1).
    Verify(verify::Arguments),
    /// Writes what the store holds for other programs.
    Export(export::Arguments),
    /// Exports that a server writes: asks for one, looks how far it is, links to its file.
    Exports(exports::Arguments),
    /// Writes what a shell needs to complete these commands.
    Completions(completions::Arguments),
    /// Measures a money path on this machine, beside the floor that the same bytes and fsyncs set.
    Bench(bench::Arguments),
}

pub(crate) fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.command {
        Command::Demo(arguments) => farthing::demo::run(&arguments).map(|()| ExitCode::SUCCESS),
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Accounts(arguments) => accounts::run(&arguments),
        Command::Topup(arguments) => money::top_up(&arguments),
        Command::Grant(arguments) => money::grant(&arguments),
        Command::Credits(arguments) => credits::credits(&arguments),
        Command::Coupon(arguments) => credits::coupons(&arguments),
        Command::Bills(arguments) => bills::bills(&arguments),
        Command::Disputes(arguments) => disputes::disputes(&arguments),
        Command::Invoices(arguments) => invoices::invoices(&arguments),
        Command::Revenue(arguments) => revenue::revenue(&arguments),
        Command::Payments(arguments) => payments::payments(&arguments),
        Command::Refunds(arguments) => payments::refunds(&arguments),
        Command::Methods(arguments) => payments::methods(&arguments),
        Command::Wallets(arguments) => wallets::run(&arguments),
        Command::Orders(arguments) => orders::orders(&arguments),
        Command::Subscriptions(arguments) => orders::subscriptions(&arguments),
        Command::Outages(arguments) => outages::outages(&arguments),
        Command::Units(arguments) => units::run(&arguments),
        Command::Bank(arguments) => bank::run(&arguments),
        Command::Trial(arguments) => trials::trial(&arguments),
        Command::Steps(arguments) => steps::steps(&arguments),
        Command::Keep(arguments) => steps::keep(&arguments),
        Command::Limits(arguments) => trials::limits(&arguments),
        Command::Budgets(arguments) => budgets::run(&arguments),
        Command::Charges(arguments) => money::charges(&arguments),
        Command::People(arguments) => people::people(&arguments),
        Command::Operators(arguments) => people::operators(&arguments),
        Command::Keys(arguments) => keys::run(&arguments),
        Command::Audit(arguments) => audit::run(&arguments),
        Command::Events(arguments) => events::run(&arguments),
        Command::Webhooks(arguments) => webhooks::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Plan(arguments) => policy::plan(&arguments),
        Command::Apply(arguments) => policy::apply(&arguments),
        Command::Versions(arguments) => policy::versions(&arguments),
        Command::Test(arguments) => test::run(&arguments),
        Command::Estimate(arguments) => estimate::run(&arguments),
        Command::Import(arguments) => import::run(&arguments),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Backup(arguments) => backup::run(&arguments),
        Command::Restore(arguments) => restore::run(&arguments),
        Command::Accept(arguments) => restore::accept(&arguments),
        Command::Verify(arguments) => verify::run(&arguments),
        Command::Export(arguments) => export::run(&arguments),
        Command::Exports(arguments) => exports::run(&arguments),
        Command::Completions(arguments) => Ok(completions::run(&arguments, Arguments::command())),
        Command::Bench(arguments) => bench::run(&arguments).map(|()| ExitCode::SUCCESS),
    };
    done.unwrap_or_else(|failure| {
        eprintln!("farthing: {}", farthing_store::chain_of(failure.as_ref()));
        ExitCode::FAILURE
    })
}
