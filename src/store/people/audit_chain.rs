//! What ties the rows of an audit log together: each row's hash covers the hash before it, and the head names the last.

use sha2::{Digest, Sha256};

use crate::domain::audit::{AuditRow, Flaw, Head, canonical};
use crate::domain::ids::OrgId;

/// Bytes of a hash.
const HASH_BYTES: usize = 32;

/// The head of a log without rows.
pub fn beginning() -> Head {
    Head { no: 0, hash: vec![0; HASH_BYTES] }
}

/// The hash that a row has where nobody changed it.
pub fn hash_of(org: OrgId, row: &AuditRow) -> Vec<u8> {
    Sha256::new().chain_update(&row.previous).chain_update(canonical(org, row)).finalize().to_vec()
}

/// A walk along an audit log, from its first row on.
pub struct Walk {
    org: OrgId,
    at: Head,
}

impl Walk {
    /// Before the first row.
    pub fn new(org: OrgId) -> Self {
        Self { org, at: beginning() }
    }

    /// Walks past the next row that there is.
    pub fn step(&mut self, row: &AuditRow) -> Result<(), Flaw> {
        let expected = self.at.no + 1;
        if row.no > expected {
            return Err(Flaw { no: expected, why: "it was removed: the next row that is there has a higher number" });
        }
        if row.no < expected {
            return Err(Flaw { no: row.no, why: "it was inserted: numbers begin at 1" });
        }
        if row.hash != hash_of(self.org, row) {
            return Err(Flaw { no: row.no, why: "it was altered: its hash is not that of its fields" });
        }
        if row.previous != self.at.hash {
            let why =
                "it does not follow the row before it: one of the two was altered, inserted or put in another's place";
            return Err(Flaw { no: row.no, why });
        }
        self.at = Head { no: row.no, hash: row.hash.clone() };
        Ok(())
    }

    /// Compares where the rows end with the head that was kept beside them.
    pub fn end(self, head: Option<Head>) -> Result<Head, Flaw> {
        let last = self.at;
        match head {
            None if last.no == 0 => Ok(last),
            None => Err(Flaw { no: last.no, why: "the head of the log was removed, which names its last row" }),
            Some(head) if head.no > last.no => Err(Flaw {
                no: last.no + 1,
                why: "it was removed, from the end of the log: its head names a later row",
            }),
            Some(head) if head.no < last.no => Err(Flaw {
                no: head.no + 1,
                why: "it was inserted, or the head of the log was altered: it ends before",
            }),
            Some(head) if head.hash != last.hash => {
                Err(Flaw { no: last.no, why: "it was put in another's place: the head of the log has another hash" })
            }
            Some(head) => Ok(head),
        }
    }
}
