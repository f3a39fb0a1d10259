//! Sellers that are entered by name, by hand or from a file. However many they are, they are made ready beside the threads that
//! serve and written in portions, all in one transaction.

use std::collections::HashSet;
use std::sync::Arc;

use diesel::sql_types::{Array, Jsonb, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde_json::Value;
use uuid::Uuid;

use super::changes::{Author, Change};
use super::edits::{Added, NewSeller, NotEdited};
use super::held::called;
use super::portion::portions;
use crate::domain::ids::{OrgId, SellerId};
use crate::domain::import::sheet::Stood;
use crate::domain::registry::{EntryAction, EntrySource, SellerState};
use crate::domain::seller::{Platform, normalise};
use crate::store::fragment::fragment;
use crate::store::loan::Loan;
use crate::store::text::{Clean, clean, clean_json};
use crate::store::{PgStore, StoreError};

type Time = chrono::DateTime<chrono::Utc>;

fragment! {
    /// Enters sellers by name, each in its turn; who stands there already, is called so, or is excluded stays out.
    struct AddSellers {
        org: Uuid => SqlUuid,
        platform: &'static str => Text,
        now: Time => Timestamptz,
        ids: Vec<Uuid> => Array<SqlUuid>,
        names: Vec<Clean<'static>> => Array<Text>,
        identities: Vec<Clean<'static>> => Array<Text>,
        marks: Vec<Value> => Array<Jsonb>,
    }
    answers (SqlUuid);
    "INSERT INTO sellers (org_id, id, platform, normalised_name, display_name, feedback_approx, first_seen_at, last_seen_at, \
        seen_order, times_seen, flagged, status, tags, note) \
     SELECT $org, n.id, $platform, n.identity, n.name, false, $now, $now, $now, 0, (n.marks ->> 'flagged')::boolean, \
        n.marks ->> 'status', ARRAY(SELECT jsonb_array_elements_text(n.marks -> 'tags')), n.marks ->> 'note' \
     FROM unnest($ids, $names, $identities, $marks) AS n (id, name, identity, marks) \
     WHERE (SELECT 1 FROM excluded_sellers x WHERE x.org_id = $org AND x.platform = $platform \
        AND x.normalised_name = n.identity LIMIT 1) IS NULL \
        AND (SELECT 1 FROM sellers c WHERE c.org_id = $org AND c.platform = $platform AND c.normalised_name = n.identity \
        AND c.found_as IS NOT NULL AND c.removed_at IS NULL LIMIT 1) IS NULL \
     ON CONFLICT (org_id, platform, (coalesce(found_as, normalised_name))) WHERE removed_at IS NULL DO NOTHING RETURNING id"
}

/// A seller to be entered.
#[derive(Debug)]
pub(super) struct Newcomer {
    /// Its normalised name.
    pub identity: String,
    /// What is entered.
    pub seller: NewSeller,
    /// How it stood when somebody looked, where somebody did.
    pub was: Stood,
}

impl Newcomer {
    fn of(seller: NewSeller, was: Stood) -> Self {
        Self { identity: normalise(&seller.name), seller, was }
    }

    fn bytes(&self) -> usize {
        self.seller.name.len() + self.identity.len() + self.seller.marks.bytes()
    }
}

/// Sellers to be entered, each once, in the order of their normalised names: writers that take rows in one order never wait
/// for each other in a circle.
pub(super) type Newcomers = Arc<Vec<Newcomer>>;

/// Of these, of each name the first.
pub(super) fn newcomers(sellers: impl IntoIterator<Item = (NewSeller, Stood)>) -> Newcomers {
    let mut all: Vec<Newcomer> = sellers.into_iter().map(|(seller, was)| Newcomer::of(seller, was)).collect();
    // The first stays the first of its name.
    all.sort_by(|one, other| one.identity.cmp(&other.identity));
    all.dedup_by(|later, first| later.identity == first.identity);
    Arc::new(all)
}

impl AddSellers {
    fn of(org: OrgId, now: Time, newcomers: &[Newcomer], ids: &[Uuid]) -> Result<Self, StoreError> {
        let text = |text: &str| Clean::Owned(clean(text).into_owned());
        let marks = newcomers.iter().map(|new| serde_json::to_value(&new.seller.marks).map(clean_json));
        Ok(Self {
            org: org.0,
            platform: Platform::Ebay.as_str(),
            now,
            ids: ids.to_vec(),
            names: newcomers.iter().map(|new| text(&new.seller.name)).collect(),
            identities: newcomers.iter().map(|new| text(&new.identity)).collect(),
            marks: marks.collect::<Result<_, _>>().map_err(|error| StoreError::Broken(error.to_string()))?,
        })
    }
}

impl PgStore {
    /// Enters sellers, of each name the first; who is in the registry already or excluded is answered as such.
    ///
    /// # Errors
    /// [`NotEdited::Store`].
    pub async fn add_sellers(&self, org: OrgId, author: &Author, sellers: &[NewSeller]) -> Result<Added, NotEdited> {
        let (count, sellers) = (sellers.len(), sellers.to_vec());
        let making = move || Ok(newcomers(sellers.into_iter().map(|seller| (seller, Stood::New))));
        let newcomers = self.asides.work(count, making).await?;
        let from = (EntryAction::Add, EntrySource::Manual);
        self.in_tries(async |conn| self.adding(conn, org, author, from, &newcomers).await).await
    }

    /// Enters sellers as an entry of this kind.
    pub(super) async fn adding(
        &self,
        conn: &Loan,
        org: OrgId,
        author: &Author,
        (action, source): (EntryAction, EntrySource),
        newcomers: &Newcomers,
    ) -> Result<Added, NotEdited> {
        let now = self.clock.now();
        let (count, clock) = (newcomers.len(), self.clock.clone());
        let ids: Vec<Uuid> = self.asides.work(count, move || Ok((0..count).map(|_| clock.new_id()).collect())).await?;
        let ids = Arc::new(ids);
        let mut entered = HashSet::with_capacity(count);
        for portion in portions(newcomers, Newcomer::bytes) {
            let (all, ids, rows) = (Arc::clone(newcomers), Arc::clone(&ids), portion.len());
            let making = move || AddSellers::of(org, now, &all[portion.clone()], &ids[portion]);
            let statement = self.asides.work(rows, making).await?;
            let rows: Vec<(Uuid,)> = statement.get_results(&mut &*conn).await?;
            entered.extend(rows.into_iter().map(|(id,)| id));
        }
        let all = Arc::clone(newcomers);
        let (changes, left) = self.asides.work(count, move || Ok(apart(&all, &ids, &entered))).await?;
        let standing = if left.is_empty() { Vec::new() } else { called(conn, org, &left).await? };
        let all = Arc::clone(newcomers);
        let (known, excluded) = self.asides.work(count, move || Ok(told(&all, &left, &standing))).await?;
        let entry = self.entry(action, source, None, author, now);
        let edited = self.tell(conn, org, &entry, changes).await?;
        Ok(Added { edited, known, excluded })
    }
}

/// The changes that those made who were entered, and the normalised names of the others.
fn apart(newcomers: &[Newcomer], ids: &[Uuid], entered: &HashSet<Uuid>) -> (Vec<Change>, Vec<String>) {
    let (mut changes, mut left) = (Vec::with_capacity(entered.len()), Vec::new());
    for (new, id) in newcomers.iter().zip(ids) {
        if !entered.contains(id) {
            left.push(new.identity.clone());
            continue;
        }
        let (name, marks) = (new.seller.name.clone(), new.seller.marks.clone());
        // Compared with one that has these marks already, so that leading it back leaves nothing to compare.
        let before = SellerState { name: None, marks: marks.clone() };
        changes.extend(Change::between(SellerId(*id), before, SellerState { name: Some(name), marks }));
    }
    (changes, left)
}

/// Of those who were not entered, the known ones with their ids, and the names of those that are excluded.
fn told(
    newcomers: &[Newcomer],
    left: &[String],
    standing: &[(SellerId, String)],
) -> (Vec<(SellerId, String)>, Vec<String>) {
    let known: HashSet<&String> = standing.iter().map(|(_, identity)| identity).collect();
    let spelled = |identity: &String| {
        let place = newcomers.binary_search_by(|new| new.identity.cmp(identity)).ok();
        place.map_or_else(String::new, |place| newcomers[place].seller.name.clone())
    };
    let excluded = left.iter().filter(|identity| !known.contains(identity)).map(spelled).collect();
    (standing.iter().map(|(id, identity)| (*id, spelled(identity))).collect(), excluded)
}
