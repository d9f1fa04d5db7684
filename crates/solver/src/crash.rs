//! Named points at which the tests have the process end, as a power cut would.

use std::sync::Mutex;

/// The points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// Logs were read, and nothing of them is stored.
    LogsRead,
    /// Logs and cursor are stored, and nothing was done about them.
    LogsStored,
    /// A payload is kept, and its row is not stored.
    PayloadKept,
    /// The row of an asset is stored, and its producer has no answer.
    AssetStored,
    /// A key is drawn, and not stored.
    KeyDrawn,
    /// A key is stored, and not a byte was served.
    KeyStored,
    /// A receipt was checked, and is not stored.
    ReceiptChecked,
    /// A receipt is stored, and its consumer has no answer.
    ReceiptStored,
    /// A transaction is signed, and not stored.
    Signed,
    /// A transaction is stored, and not sent.
    Posted,
    /// A transaction is sent, and nothing is known of it.
    Sent,
    /// A transaction was found to be mined without a log of ours, and that is not stored.
    Concluded,
}

impl Point {
    /// All of them, in the order of a task's way.
    pub const ALL: [Self; 12] = [
        Self::LogsRead,
        Self::LogsStored,
        Self::PayloadKept,
        Self::AssetStored,
        Self::KeyDrawn,
        Self::KeyStored,
        Self::ReceiptChecked,
        Self::ReceiptStored,
        Self::Signed,
        Self::Posted,
        Self::Sent,
        Self::Concluded,
    ];

    /// As it is written: `key-drawn`.
    pub fn name(self) -> &'static str {
        match self {
            Self::LogsRead => "logs-read",
            Self::LogsStored => "logs-stored",
            Self::PayloadKept => "payload-kept",
            Self::AssetStored => "asset-stored",
            Self::KeyDrawn => "key-drawn",
            Self::KeyStored => "key-stored",
            Self::ReceiptChecked => "receipt-checked",
            Self::ReceiptStored => "receipt-stored",
            Self::Signed => "signed",
            Self::Posted => "posted",
            Self::Sent => "sent",
            Self::Concluded => "concluded",
        }
    }
}

/// How to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// As a power cut would have it.
    Abort,
    /// As a fault in the program would.
    Panic,
}

/// Where to end, how, and how often to pass there before.
static ARMED: Mutex<Option<(Point, End, usize)>> = Mutex::new(None);

/// Has the process end when it comes to `point` after `times` times of passing it.
pub fn arm(point: Point, end: End, times: usize) {
    if let Ok(mut armed) = ARMED.lock() {
        *armed = Some((point, end, times));
    }
}

/// Ends the process here, if that was asked for.
pub(crate) fn at(point: Point) {
    let Ok(mut armed) = ARMED.lock() else { return };
    match &mut *armed {
        Some((wanted, End::Abort, 0)) if *wanted == point => std::process::abort(),
        Some((wanted, End::Panic, 0)) if *wanted == point => {
            drop(armed);
            panic!("a test asked for it at {}", point.name());
        }
        Some((wanted, _, times)) if *wanted == point => *times -= 1,
        _ => {}
    }
}
