//! What becomes of an order: the one place that says which step may follow which.

use std::fmt;

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OrderState {
    /// It waits to be paid, until its time is over (R16).
    Due,
    /// Paid; the cloud was told to make it.
    Provisioning,
    /// It is there, or what it changes is changed.
    Active,
    /// Nobody paid it in time.
    Expired,
    /// Its maker took it back before it was paid.
    Cancelled,
    /// The cloud could not make it: everything was given back (R83).
    Voided,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OrderEvent {
    /// All of it is paid, and something has to be made.
    Pay,
    /// All of it is paid, and that is all.
    PayAtOnce,
    Provisioned,
    /// It could not be made, or nobody said so in time.
    Fail,
    Expire,
    Cancel,
}

impl OrderState {
    pub const ALL: [OrderState; 6] = [
        OrderState::Due,
        OrderState::Provisioning,
        OrderState::Active,
        OrderState::Expired,
        OrderState::Cancelled,
        OrderState::Voided,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            OrderState::Due => "due",
            OrderState::Provisioning => "provisioning",
            OrderState::Active => "active",
            OrderState::Expired => "expired",
            OrderState::Cancelled => "cancelled",
            OrderState::Voided => "voided",
        }
    }

    pub fn parse(name: &str) -> Option<OrderState> {
        OrderState::ALL.into_iter().find(|state| state.name() == name)
    }

    /// None: this cannot happen to it where it stands.
    pub const fn after(self, event: OrderEvent) -> Option<OrderState> {
        use OrderEvent as E;
        use OrderState as S;
        match (self, event) {
            (S::Due, E::Pay) => Some(S::Provisioning),
            (S::Due, E::PayAtOnce) | (S::Provisioning, E::Provisioned) => Some(S::Active),
            (S::Due, E::Expire) => Some(S::Expired),
            (S::Due, E::Cancel) => Some(S::Cancelled),
            (S::Provisioning, E::Fail) => Some(S::Voided),
            (S::Due, E::Provisioned | E::Fail)
            | (S::Provisioning, E::Pay | E::PayAtOnce | E::Expire | E::Cancel)
            | (
                S::Active | S::Expired | S::Cancelled | S::Voided,
                E::Pay | E::PayAtOnce | E::Provisioned | E::Fail | E::Expire | E::Cancel,
            ) => None,
        }
    }
}

impl fmt::Display for OrderState {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}
