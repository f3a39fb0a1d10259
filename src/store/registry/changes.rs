//! `seller_changes` and `registry_heads`: every change of a registry under its organisation's next number.
//!
//! The head's row is locked by the statement that writes an entry, as the last lock of its transaction: behind it come only the
//! entry's changes, and nobody who holds it waits for anything but the disk. Whoever changes sellers holds them first, in the
//! order of their names.

use std::sync::Arc;

use diesel::sql_types::{Array, BigInt, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde_json::Value;
use uuid::Uuid;

use super::held::looking_up;
use super::portion::portions;
use crate::domain::ids::{EntryId, OrgId, RunId, RunKey, SellerId, UserId};
use crate::domain::registry::{ChangeKind, EntryAction, EntrySource, SellerState};
use crate::domain::seller::normalise;
use crate::store::StoreError;
use crate::store::aside::Asides;
use crate::store::fragment::fragment;
use crate::store::loan::Loan;
use crate::store::text::{Clean, clean, clean_json};

type Time = chrono::DateTime<chrono::Utc>;

/// A seller that a run entered.
pub(in crate::store) struct Found {
    /// Its id.
    pub id: Uuid,
    /// Its name as the page spells it.
    pub name: String,
    /// Its normalised name.
    pub identity: String,
}

fragment! {
    /// Sellers that a run entered, as changes of its open entry.
    pub(in crate::store) struct AddFound<'a> {
        org: Uuid => SqlUuid,
        run: Uuid => SqlUuid,
        ids: Vec<Uuid> => Array<SqlUuid>,
        names: Vec<Clean<'a>> => Array<Text>,
        identities: Vec<Clean<'a>> => Array<Text>,
    }
    answers ();
    "WITH head AS (INSERT INTO registry_heads AS h (org_id, change_no, sellers) \
        VALUES ($org, cardinality($ids), cardinality($ids)) ON CONFLICT (org_id) DO UPDATE \
        SET change_no = h.change_no + excluded.change_no, sellers = h.sellers + excluded.sellers RETURNING change_no) \
     INSERT INTO seller_changes (org_id, change_no, entry_id, seller_id, kind, name_after, stands_as) \
     SELECT $org, head.change_no - cardinality($ids) + n.place, \
        (SELECT e.id FROM seller_audit_log e WHERE e.org_id = $org AND e.source_run_id = $run AND e.closed_at IS NULL LIMIT 1), \
        n.id, 'added', n.name, n.identity \
     FROM head, unnest($ids, $names, $identities) WITH ORDINALITY AS n (id, name, identity, place)"
}

/// The statement for these sellers, where there are any.
pub(in crate::store) fn add_found(key: RunKey, found: &[Found]) -> Option<AddFound<'_>> {
    (!found.is_empty()).then(|| AddFound {
        org: key.org.0,
        run: key.run.0,
        ids: found.iter().map(|seller| seller.id).collect(),
        names: found.iter().map(|seller| clean(&seller.name)).collect(),
        identities: found.iter().map(|seller| clean(&seller.identity)).collect(),
    })
}

fragment! {
    /// Notes excluded sellers that a run met, each once.
    pub(in crate::store) struct AddExclusions<'a> {
        org: Uuid => SqlUuid,
        run: Uuid => SqlUuid,
        identities: Vec<Clean<'a>> => Array<Text>,
    }
    answers ();
    "INSERT INTO run_exclusions (org_id, run_id, normalised_name) \
     SELECT $org, $run, n.identity FROM unnest($identities) AS n (identity) ON CONFLICT DO NOTHING"
}

fragment! {
    /// Writes an entry that is complete at once and takes the organisation's next numbers for its changes. Nobody else changes
    /// the registry from here to the end of the transaction.
    struct AddEntry<'a> {
        org: Uuid => SqlUuid,
        id: Uuid => SqlUuid,
        action: &'static str => Text,
        source: &'static str => Text,
        run: Option<Uuid> => Nullable<SqlUuid>,
        undoes: Option<Uuid> => Nullable<SqlUuid>,
        user: Option<Uuid> => Nullable<SqlUuid>,
        token: Option<Uuid> => Nullable<SqlUuid>,
        address: Option<&'a str> => Nullable<Text>,
        now: Time => Timestamptz,
        changes: i64 => BigInt,
        added: i64 => BigInt,
        removed: i64 => BigInt,
    }
    answers (BigInt, BigInt);
    "WITH head AS (INSERT INTO registry_heads AS h (org_id, change_no, sellers) VALUES ($org, $changes, $added - $removed) \
        ON CONFLICT (org_id) DO UPDATE SET change_no = h.change_no + excluded.change_no, \
        sellers = h.sellers + excluded.sellers RETURNING change_no, sellers), \
     entry AS (INSERT INTO seller_audit_log (org_id, id, action, source, source_run_id, undoes_id, user_id, token_id, \
        address, created_at, closed_at, change_no, affected_count, added_count, removed_count, seller_count_snapshot) \
        SELECT $org, $id, $action, $source, $run, $undoes, $user, $token, $address, $now, $now, head.change_no, \
        $changes, $added, $removed, head.sellers FROM head) \
     SELECT change_no, sellers FROM head"
}

fragment! {
    /// Writes changes of an entry behind this number, in their order. Under its former name a seller stands until the change
    /// that renames or removes it. Each such row is looked for by its seller, and then changed where it lies: while nobody has
    /// counted the organisation's changes they are taken for a few, and one way to them is as good as another. So the looking is
    /// written as a span in the order of the one index that has sellers in it (with another it would have to be sorted), is
    /// planned for whichever organisation ([`looking_up`]), and what is found leaves no way but to where it lies: it is not asked
    /// for its organisation a second time.
    struct AddChanges {
        org: Uuid => SqlUuid,
        id: Uuid => SqlUuid,
        before: i64 => BigInt,
        sellers: Vec<Uuid> => Array<SqlUuid>,
        kinds: Vec<&'static str> => Array<Text>,
        names_before: Vec<Option<Clean<'static>>> => Array<Nullable<Text>>,
        names_after: Vec<Option<Clean<'static>>> => Array<Nullable<Text>>,
        marks_before: Vec<Option<Value>> => Array<Nullable<Jsonb>>,
        marks_after: Vec<Option<Value>> => Array<Nullable<Jsonb>>,
        identities: Vec<Option<Clean<'static>>> => Array<Nullable<Text>>,
    }
    answers ();
    "WITH n AS MATERIALIZED (SELECT * FROM unnest($sellers, $kinds, $names_before, $names_after, $marks_before, \
        $marks_after, $identities) WITH ORDINALITY \
        AS n (seller_id, kind, name_before, name_after, before, after, stands_as, place)), \
     ended AS (UPDATE seller_changes AS c SET until = f.until FROM (SELECT o.ctid AS at, $before + n.place AS until \
        FROM n CROSS JOIN LATERAL (SELECT s.ctid FROM seller_changes s WHERE s.org_id = $org \
            AND s.seller_id >= n.seller_id AND s.seller_id <= n.seller_id AND s.kind IN ('added', 'renamed') \
            AND s.until IS NULL ORDER BY s.seller_id, s.change_no LIMIT 1) AS o \
        WHERE n.kind IN ('removed', 'renamed')) AS f WHERE c.ctid = f.at) \
     INSERT INTO seller_changes (org_id, change_no, entry_id, seller_id, kind, name_before, name_after, before, \
        after, stands_as) SELECT $org, $before + n.place, $id, n.seller_id, n.kind, n.name_before, \
        n.name_after, n.before, n.after, n.stands_as FROM n"
}

/// Who changes the registry, and from where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Author {
    /// The person, where it is one.
    pub user: Option<UserId>,
    /// The token that they came with.
    pub token: Option<Uuid>,
    /// The address that they came from.
    pub address: Option<String>,
}

/// An entry to be written.
pub(in crate::store) struct NewEntry<'a> {
    /// Its id.
    pub id: EntryId,
    /// What it does.
    pub action: EntryAction,
    /// Where it comes from.
    pub source: EntrySource,
    /// The run that it comes from.
    pub run: Option<RunId>,
    /// The entry that it takes back.
    pub undoes: Option<EntryId>,
    /// Who makes it.
    pub author: &'a Author,
    /// When.
    pub now: Time,
}

/// What becomes of one seller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct Change {
    /// The seller.
    pub seller: SellerId,
    /// The kind.
    pub kind: ChangeKind,
    /// How it was.
    pub before: SellerState,
    /// How it is.
    pub after: SellerState,
    /// The identity that it keeps whatever it is called; none where its name is all that there is of it.
    keeps: Option<String>,
}

impl Change {
    /// The change from one state to the other, where they differ.
    pub fn between(seller: SellerId, before: SellerState, after: SellerState) -> Option<Self> {
        let kind = before.change_to(&after)?;
        Some(Self { seller, kind, before, after, keeps: None })
    }

    /// The same of a seller that keeps this identity.
    pub fn of_identity(self, identity: &str) -> Self {
        Self { keeps: Some(identity.to_owned()), ..self }
    }

    /// The seller's identity after it, where it tells.
    pub fn identity(&self) -> Option<String> {
        self.keeps.clone().or_else(|| self.after.name.as_deref().map(normalise))
    }

    /// The identity under which the seller stands from now on, where it comes in or takes another name.
    pub fn stands_as(&self) -> Option<String> {
        let begins = matches!(self.kind, ChangeKind::Added | ChangeKind::Renamed);
        self.identity().filter(|_| begins)
    }

    /// The normalised name that it takes instead of another.
    pub fn renames_to(&self) -> Option<String> {
        self.after.name.as_deref().filter(|_| self.kind == ChangeKind::Renamed).map(normalise)
    }

    /// How long its texts are.
    pub fn bytes(&self) -> usize {
        let of = |state: &SellerState| state.name.as_ref().map_or(0, String::len) + state.marks.bytes();
        of(&self.before) + of(&self.after)
    }
}

/// Where a registry stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The number of its newest change.
    pub change_no: i64,
    /// Its sellers after it.
    pub sellers: i64,
}

impl AddChanges {
    fn of(org: OrgId, entry: EntryId, changes: &[Change], is_marked: bool) -> Result<Self, StoreError> {
        let marks = |state: &SellerState| serde_json::to_value(&state.marks).map(|json| Some(clean_json(json)));
        let marks_of = |state: fn(&Change) -> &SellerState| -> Result<Vec<Option<Value>>, StoreError> {
            let marks = changes.iter().map(|change| if is_marked { marks(state(change)) } else { Ok(None) });
            marks.collect::<Result<_, _>>().map_err(|error| StoreError::Broken(error.to_string()))
        };
        let name = |state: &SellerState| state.name.as_deref().map(|name| Clean::Owned(clean(name).into_owned()));
        Ok(Self {
            org: org.0,
            id: entry.0,
            before: 0,
            sellers: changes.iter().map(|change| change.seller.0).collect(),
            kinds: changes.iter().map(|change| change.kind.as_str()).collect(),
            names_before: changes.iter().map(|change| name(&change.before)).collect(),
            names_after: changes.iter().map(|change| name(&change.after)).collect(),
            marks_before: marks_of(|change| &change.before)?,
            marks_after: marks_of(|change| &change.after)?,
            identities: changes.iter().map(|change| change.stands_as().map(Clean::Owned)).collect(),
        })
    }
}

/// Writes the entry with its changes, in portions; the sellers are held and written already.
pub(in crate::store) async fn add_entry(
    asides: &Asides,
    conn: &Loan,
    org: OrgId,
    entry: &NewEntry<'_>,
    changes: Vec<Change>,
) -> Result<Head, StoreError> {
    let portions = portions(&changes, Change::bytes);
    let (all, id, mut opened) = (Arc::new(changes), entry.id, None);
    // What a run brings has no marks yet.
    let is_marked = entry.run.is_none();
    for portion in portions {
        let (changes, begin, rows) = (Arc::clone(&all), portion.start, portion.len());
        let made = asides.work(rows, move || AddChanges::of(org, id, &changes[portion], is_marked)).await?;
        let head = match opened {
            Some(head) => head,
            None => *opened.insert(open(conn, org, entry, &all).await?),
        };
        let before = head.change_no - count(all.len()) + count(begin);
        looking_up(conn, rows, AddChanges { before, ..made }.execute(&mut &*conn)).await?;
    }
    match opened {
        Some(head) => Ok(head),
        None => open(conn, org, entry, &all).await,
    }
}

fn count(changes: usize) -> i64 {
    i64::try_from(changes).unwrap_or(i64::MAX)
}

async fn open(conn: &Loan, org: OrgId, entry: &NewEntry<'_>, changes: &[Change]) -> Result<Head, StoreError> {
    let of = |kind: ChangeKind| count(changes.iter().filter(|change| change.kind == kind).count());
    let statement = AddEntry {
        org: org.0,
        id: entry.id.0,
        action: entry.action.as_str(),
        source: entry.source.as_str(),
        run: entry.run.map(|run| run.0),
        undoes: entry.undoes.map(|undone| undone.0),
        user: entry.author.user.map(|user| user.0),
        token: entry.author.token,
        address: entry.author.address.as_deref(),
        now: entry.now,
        changes: count(changes.len()),
        added: of(ChangeKind::Added),
        removed: of(ChangeKind::Removed),
    };
    let (change_no, sellers) = statement.get_result::<(i64, i64)>(&mut &*conn).await?;
    Ok(Head { change_no, sellers })
}

/// Adds the entry of pages that were read again after their run's end and brought these sellers.
pub(in crate::store) async fn add_reparse(
    asides: &Asides,
    conn: &Loan,
    key: RunKey,
    id: Uuid,
    now: Time,
    found: Vec<Found>,
) -> Result<(), StoreError> {
    let author = Author::default();
    let (action, source, run) = (EntryAction::Reparse, EntrySource::CollectionRun, Some(key.run));
    let entry = NewEntry { id: EntryId(id), action, source, run, undoes: None, author: &author, now };
    let added = |seller: Found| {
        let after = SellerState { name: Some(seller.name), ..SellerState::default() };
        Change {
            seller: SellerId(seller.id),
            kind: ChangeKind::Added,
            before: SellerState::default(),
            after,
            keeps: None,
        }
    };
    let changes: Vec<Change> = found.into_iter().map(added).collect();
    add_entry(asides, conn, key.org, &entry, changes).await.map(|_| ())
}
