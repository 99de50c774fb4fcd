//! What an action of the demo posts: the templates of the core, filled in with one customer's accounts.

use super::cast::Cast;
use super::customer::{Action, Customer, Dispute, Pack, Product};
use farthing_core::id::{CauseId, HoldId};
use farthing_core::ledger::posting::{
    self, ArrearsPaid, Charge, Chargeback, FreeCredit, Lot, Owed, Payout, ProviderFee, Refund, Stamp, TopUp,
    UnitsBought, UnitsUsed,
};
use farthing_core::ledger::{Authorise, Capture, Command, Kind};
use farthing_core::money::MoneyError;
use farthing_core::time::Instant;
use farthing_engine::IdSource;

/// Where commands are written down, at one instant.
pub(super) struct Desk<'a> {
    pub(super) ids: &'a IdSource,
    pub(super) now: Instant,
    pub(super) day: i64,
    pub(super) cast: &'a Cast,
    /// What the payment provider holds for the cloud.
    pub(super) provider: &'a mut i64,
    pub(super) commands: &'a mut Vec<Command>,
}

const FEE_PER_THOUSAND: i64 = 29;
const MICROS_PER_SECOND: i64 = 1_000_000;

impl Desk<'_> {
    pub(super) fn act(&mut self, customer: &mut Customer, action: Action) -> Result<(), MoneyError> {
        match action {
            Action::TopUp { coins } => self.top_up(customer, coins * self.cast.coin),
            Action::Grant { coins } => {
                customer.credit += coins * self.cast.coin;
                self.free_credit(customer, coins * self.cast.coin, posting::credit_granted);
            }
            Action::Lapse => {
                let rest = std::mem::take(&mut customer.credit);
                customer.credit_lapsed = true;
                self.free_credit(customer, rest, posting::credit_lapsed);
            }
            Action::Charge { product, amount } => self.charge(customer, product, amount),
            Action::BuyPack { units, coins } => self.buy_pack(customer, units * 1_000_000, coins * self.cast.coin),
            Action::UseUnits { micros } => self.use_units(customer, micros)?,
            Action::Authorise { call, amount, lasts_seconds } => self.authorise(customer, call, amount, lasts_seconds),
            Action::Capture { call, amount, last } => self.capture(customer, call, amount, last),
            Action::Release { call } => self.release(customer, call),
            Action::RefundApproved { coins } => self.refund_approve(customer, coins * self.cast.coin),
            Action::RefundSent => self.refund_send(customer),
            Action::Chargeback => self.chargeback(customer),
            Action::ChargebackWon => self.chargeback_won(customer),
        }
        Ok(())
    }

    /// What the provider holds goes to the bank, but for a reserve against chargebacks.
    pub(super) fn payout(&mut self) {
        let whole = (*self.provider / self.cast.coin - 60) * self.cast.coin;
        if whole > 0 {
            let (commodity, books) = (self.cast.money, self.cast.books);
            *self.provider -= whole;
            let facts = Payout { commodity, bank: books.bank, provider: books.provider, amount: whole };
            self.post(None, |stamp| posting::payout(stamp, &facts));
        }
    }

    fn post(&mut self, cause: Option<CauseId>, make: impl FnOnce(&mut Stamp<'_>) -> Command) {
        let (source, now) = (self.ids, self.now);
        let mut ids = || source.transfer(now);
        self.commands.push(make(&mut Stamp { ids: &mut ids, cause, effective: now.floor_second() }));
    }

    fn top_up(&mut self, customer: &mut Customer, amount: i64) {
        let (commodity, books, wallet) = (self.cast.money, self.cast.books, customer.wallet);
        let payment = [&wallet.owner.0.to_le_bytes()[..], &customer.top_ups.to_le_bytes()[..]];
        let cause = CauseId::derive(self.now, &[b"demo payment", payment[0], payment[1]]);
        let facts = TopUp { commodity, provider: books.provider, cash: wallet.cash, amount };
        self.post(Some(cause), |stamp| posting::top_up(stamp, &facts));
        let paid = customer.owed.min(amount);
        if paid > 0 {
            let owed = [Owed { receivable: wallet.debt, amount: customer.owed }];
            let facts = ArrearsPaid { commodity, cash: wallet.cash, amount, owed: &owed };
            self.post(None, |stamp| posting::arrears_paid(stamp, &facts));
        }
        let cent = self.cast.coin / 100;
        let fee = (amount / 1_000 * FEE_PER_THOUSAND / cent + 30) * cent;
        let facts = ProviderFee { commodity, fees: books.fees, provider: books.provider, amount: fee };
        self.post(None, |stamp| posting::provider_fee(stamp, &facts));
        customer.cash += amount - paid;
        customer.owed -= paid;
        customer.top_ups += 1;
        customer.paid = Some((amount, self.day));
        *self.provider += amount - fee;
    }

    fn free_credit(&mut self, customer: &Customer, amount: i64, make: impl Fn(&mut Stamp<'_>, &FreeCredit) -> Command) {
        if let Some(credit) = customer.wallet.credit {
            let facts =
                FreeCredit { commodity: self.cast.money, promo_open: self.cast.books.promo_open, credit, amount };
            self.post(None, |stamp| make(stamp, &facts));
        }
    }

    fn charge(&mut self, customer: &mut Customer, product: Product, amount: i64) {
        let (books, wallet) = (self.cast.books, customer.wallet);
        let lots: Vec<Lot> = wallet.credit.map(|credit| Lot { credit, balance: customer.credit }).into_iter().collect();
        let free = customer.cash - customer.held; // what holds reserve pays for what they were made for
        let facts = Charge {
            commodity: self.cast.money,
            amount,
            revenue: match product {
                Product::Compute => books.compute,
                Product::Storage => books.storage,
            },
            lots: &lots,
            cash: wallet.cash,
            cash_balance: free,
            debt: wallet.debt,
            promo_open: books.promo_open,
            promo_used: books.promo_used,
        };
        self.post(None, |stamp| posting::usage(stamp, &facts));
        let funding = posting::split_charge(amount, lots.iter().map(|lot| lot.balance), free);
        customer.credit -= funding.lots.iter().sum::<i64>();
        customer.cash -= funding.cash;
        customer.owed += funding.debt;
    }

    fn buy_pack(&mut self, customer: &mut Customer, count: i64, price: i64) {
        let (Some(deferred), Some(units)) = (customer.wallet.deferred, customer.wallet.units) else { return };
        if customer.cash - customer.held < price {
            return;
        }
        let facts = UnitsBought {
            commodity: self.cast.money,
            paid_from: customer.wallet.cash,
            deferred,
            price,
            unit: self.cast.unit,
            units_out: self.cast.books.units_out,
            units,
            count,
        };
        self.post(None, |stamp| posting::units_bought(stamp, &facts));
        customer.cash -= price;
        customer.pack = Some(Pack { size: count, paid: price, used: 0 });
    }

    fn use_units(&mut self, customer: &mut Customer, wanted: i64) -> Result<(), MoneyError> {
        let (Some(deferred), Some(units)) = (customer.wallet.deferred, customer.wallet.units) else { return Ok(()) };
        let Some(pack) = &mut customer.pack else { return Ok(()) };
        let used = wanted.min(pack.size - pack.used);
        let facts = UnitsUsed {
            unit: self.cast.unit,
            units,
            units_used: self.cast.books.units_used,
            used_before: pack.used,
            used,
            size: pack.size,
            paid: pack.paid,
            commodity: self.cast.money,
            deferred,
            revenue: self.cast.books.packs,
        };
        pack.used += used;
        let mut made = Ok(());
        self.post(None, |stamp| {
            posting::units_used(stamp, &facts).unwrap_or_else(|error| {
                made = Err(error);
                Command::Linked(Vec::new())
            })
        });
        made
    }

    fn authorise(&mut self, customer: &mut Customer, call: i64, amount: i64, lasts_seconds: i64) {
        if customer.cash - customer.held < amount {
            return; // it would be refused, and so would the call
        }
        let id: HoldId = self.ids.id(self.now);
        let expires_at = Instant::from_micros(self.now.micros() + lasts_seconds * MICROS_PER_SECOND).floor_second();
        let along = vec![customer.wallet.cash];
        self.commands.push(Command::Authorise(Authorise {
            id,
            owner: customer.wallet.owner,
            along,
            amount,
            expires_at,
        }));
        customer.held += amount;
        if lasts_seconds < 3_600 {
            customer.expiring += amount;
        } else {
            customer.calls.push((call, id, amount));
        }
    }

    fn capture(&mut self, customer: &mut Customer, call: i64, amount: i64, last: bool) {
        let Some(place) = customer.calls.iter().position(|open| open.0 == call) else { return };
        let (_, hold, reserved) = customer.calls[place];
        let amount = amount.min(reserved);
        self.commands.push(Command::Capture(Capture {
            id: self.ids.transfer_run(self.now),
            cause: None,
            hold,
            to: self.cast.books.models,
            amount,
            last,
            kind: Kind::UsageByCash,
            effective: self.now.floor_second(),
        }));
        customer.cash -= amount;
        if last {
            customer.held -= reserved;
            customer.calls.remove(place);
        } else {
            customer.held -= amount;
            customer.calls[place].2 -= amount;
        }
    }

    fn release(&mut self, customer: &mut Customer, call: i64) {
        let Some(place) = customer.calls.iter().position(|open| open.0 == call) else { return };
        let (_, hold, reserved) = customer.calls.remove(place);
        customer.held -= reserved;
        self.commands.push(Command::Release(hold));
    }

    fn refund(&self, customer: &Customer, amount: i64) -> Option<Refund> {
        let wallet = customer.wallet;
        let (commodity, provider) = (self.cast.money, self.cast.books.provider);
        Some(Refund { commodity, cash: wallet.cash, refund_due: wallet.refund_due?, provider, amount })
    }

    fn refund_approve(&mut self, customer: &mut Customer, amount: i64) {
        let Some(facts) = self.refund(customer, amount).filter(|_| customer.cash - customer.held >= amount) else {
            return;
        };
        self.post(None, |stamp| posting::refund_approved(stamp, &facts));
        customer.cash -= amount;
        customer.refund_due += amount;
        customer.refunded = true;
    }

    fn refund_send(&mut self, customer: &mut Customer) {
        let amount = std::mem::take(&mut customer.refund_due);
        let Some(facts) = self.refund(customer, amount) else { return };
        self.post(None, |stamp| posting::refund_sent(stamp, &facts));
        *self.provider -= amount;
    }

    fn chargeback(&mut self, customer: &mut Customer) {
        let Some((amount, _)) = customer.paid else { return };
        let (books, wallet) = (self.cast.books, customer.wallet);
        let (fee, cash_balance) = (15 * self.cast.coin, customer.cash - customer.held);
        let facts = Chargeback {
            commodity: self.cast.money,
            cash: wallet.cash,
            cash_balance,
            debt: wallet.debt,
            provider: books.provider,
            fees: books.fees,
            amount,
            fee,
        };
        self.post(None, |stamp| posting::chargeback(stamp, &facts));
        let from_cash = amount.min(cash_balance.max(0));
        let set = match self.commands.last() {
            Some(Command::Linked(set)) => set.as_slice(),
            _ => &[],
        };
        let transfers = set.iter().filter(|transfer| transfer.kind == Kind::Chargeback).map(|transfer| transfer.id);
        customer.dispute =
            Some(Dispute { transfers: transfers.collect(), from_cash, on_debt: amount - from_cash, open: true });
        customer.cash -= from_cash;
        customer.owed += amount - from_cash;
        *self.provider -= amount + fee;
    }

    fn chargeback_won(&mut self, customer: &mut Customer) {
        let Some(dispute) = &mut customer.dispute else { return };
        dispute.open = false;
        let (transfers, from_cash, on_debt) = (dispute.transfers.clone(), dispute.from_cash, dispute.on_debt);
        self.post(None, |stamp| posting::chargeback_won(stamp, &transfers));
        customer.cash += from_cash;
        customer.owed -= on_debt;
        *self.provider += from_cash + on_debt;
    }
}
