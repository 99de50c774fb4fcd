//! How far a movement, and what was asked of the bank, has come.

crate::id_kind!(BankRowId, BankRowKind, "br");
crate::id_kind!(BankFileId, BankFileKind, "bf");

crate::payment::words! {
    /// What has become of a movement.
    RowState {
        /// It was written, and nobody has looked whose it is.
        New = "new",
        /// Nobody knows whose it is: a person decides.
        Waiting = "waiting",
        /// A customer's money, credited.
        Matched = "matched",
        /// It answers something we asked for, or a provider's payout, or a fee: it is booked for what it was.
        Settled = "settled",
        /// It goes back to who sent it.
        GoingBack = "going_back",
        /// It has gone back.
        GoneBack = "gone_back",
        /// No customer's: it is not in these books.
        SetAside = "set_aside",
    }
}

crate::payment::words! {
    /// What the bank is asked for.
    OrderKind {
        /// A customer's payment, by direct debit.
        Debit = "debit",
        /// A part of a refund, by transfer.
        Refund = "refund",
        /// A movement nobody knows, back to who sent it.
        SendBack = "send_back",
    }
}

crate::payment::words! {
    /// How far it has come.
    OrderState {
        /// No file has it yet.
        Waiting = "waiting",
        /// A file asks for it.
        Filed = "filed",
        /// The bank has done it.
        Done = "done",
        /// The bank refused it: it was never done.
        Refused = "refused",
        /// It was done, and came back.
        Returned = "returned",
        /// It was not needed any more before a file had it.
        Dropped = "dropped",
    }
}

crate::payment::words! {
    /// What a file is.
    FileKind {
        /// Movements, as the bank tells them.
        Statement = "statement",
        /// What the bank refused of what it was asked for.
        Refusals = "refusals",
        /// Direct debits to collect.
        Debits = "debits",
        /// Transfers to make.
        Transfers = "transfers",
    }
}
