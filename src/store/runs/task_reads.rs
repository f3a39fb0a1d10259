//! The reads of tasks that actors live on, each with the products that they are for.
//!
//! Each product is looked up on its own (`LATERAL` with a limit, which the planner may not flatten). A plan is kept from
//! when the tables were empty; left the choice, the planner then reads a whole run to find five of its rows, and
//! everything gets slower with the size of the run.

use diesel::sql_types::{Array, BigInt, Bool, Integer, Nullable, SmallInt, Text, Uuid as SqlUuid};
use uuid::Uuid;

use crate::store::fragment::fragment;

/// Defines a statement that answers tasks, found as `$source` says under the name `t`, in the order of a stored task.
macro_rules! task_read {
    ($(#[$doc:meta])* struct $name:ident { $($field:ident: $rust:ty => $sql:ty),* $(,)? } $source:literal) => {
        fragment! {
            $(#[$doc])*
            pub(in crate::store) struct $name { $($field: $rust => $sql),* }
            answers (
                Integer, Text, Integer, SmallInt, SmallInt, SmallInt, SmallInt, Integer, Nullable<Text>, Integer, Bool, Bool,
                Integer, Nullable<Text>, Nullable<Text>, Nullable<Text>, Nullable<Text>, Nullable<Text>, Nullable<Text>, Nullable<Text>,
                Nullable<BigInt>, Nullable<Text>, Nullable<Text>
            );
            concat!(
                "SELECT t.task_no, t.state, t.claim_no, t.next_page, t.page_attempts, t.crashes, t.suspect, t.requests, t.job_id, \
                    t.products, t.rejected, t.reprieved, t.empties, t.error_code, t.error_message, t.node_id, t.category, \
                    t.department, t.external_id, i.title, i.price_minor, i.price_currency, i.category FROM ",
                $source,
                " AS t LEFT JOIN LATERAL (SELECT * FROM collection_items AS k WHERE k.org_id = $org \
                    AND k.run_id = $run AND k.external_id = t.external_id LIMIT 1) AS i ON true ORDER BY t.task_no"
            )
        }
    };
}

task_read! {
    /// The tasks with these numbers.
    struct TasksByNumber { org: Uuid => SqlUuid, run: Uuid => SqlUuid, numbers: Vec<i32> => Array<Integer> }
    "unnest($numbers) AS n (number) CROSS JOIN LATERAL (SELECT * FROM collection_tasks AS k \
        WHERE k.org_id = $org AND k.run_id = $run AND k.task_no = n.number LIMIT 1)"
}

fragment! {
    /// Departments of the categories among these tasks, each with its unfinished categories, counted to `most`.
    pub(in crate::store) struct OpenCategories {
        org: Uuid => SqlUuid,
        run: Uuid => SqlUuid,
        numbers: Vec<i32> => Array<Integer>,
        most: i64 => BigInt,
    }
    answers (Text, BigInt);
    "SELECT d.department, (SELECT count(*) FROM (SELECT 1 FROM collection_tasks AS o WHERE o.org_id = $org \
        AND o.run_id = $run AND o.department = d.department AND NOT o.finished LIMIT $most) AS few) \
     FROM (SELECT DISTINCT k.department FROM unnest($numbers) AS n (number) CROSS JOIN LATERAL \
        (SELECT t.department FROM collection_tasks AS t WHERE t.org_id = $org AND t.run_id = $run \
            AND t.task_no = n.number LIMIT 1) AS k WHERE k.department IS NOT NULL) AS d"
}

task_read! {
    /// Unfinished tasks of a phase after a number, lowest first, at most so many.
    struct OpenTasksAfter {
        org: Uuid => SqlUuid,
        run: Uuid => SqlUuid,
        phase: &'static str => Text,
        after: i32 => Integer,
        limit: i64 => BigInt,
    }
    "(SELECT * FROM collection_tasks AS k WHERE k.org_id = $org AND k.run_id = $run AND NOT k.finished \
        AND k.task_no > $after AND k.phase = $phase ORDER BY k.task_no LIMIT $limit)"
}

task_read! {
    /// The tasks that workers hold.
    struct ClaimedTasks { org: Uuid => SqlUuid, run: Uuid => SqlUuid }
    "(SELECT * FROM collection_tasks AS k WHERE k.org_id = $org AND k.run_id = $run AND NOT k.finished \
        AND k.state = 'claimed')"
}
