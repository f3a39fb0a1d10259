//! A connection on loan from the pool. Each statement on it has a bounded time, and a connection that may still owe an
//! answer never goes back: whoever drew it next would wait for somebody else's.

use std::ops::Deref;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::{AsQuery, QueryFragment, QueryId};
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel_async::pooled_connection::deadpool::Object;
use diesel_async::{AsyncConnectionCore, AsyncPgConnection, SimpleAsyncConnection};
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt, TryStreamExt};
use tokio::time::timeout;

/// Longest wait for the answer to one statement. The server ends a statement itself after 30 s (`statement_timeout`), so
/// none that is honest takes longer; the rest is for its answer to arrive. What is not there then will not come: the
/// server's process is frozen, or something between holds its bytes back.
pub const ANSWER_MAX: Duration = Duration::from_secs(35);

/// A connection for statements that each stand alone. Dropped while one of them is not answered, it is closed.
pub(super) struct Loan {
    connection: Option<Object<AsyncPgConnection>>,
    /// Statements that were sent and not answered; those whose future was dropped stay among them.
    owed: AtomicUsize,
    /// An answer did not come in time: no further one is waited for.
    hangs: AtomicBool,
}

impl Loan {
    pub(super) fn of(connection: Object<AsyncPgConnection>) -> Self {
        Self { connection: Some(connection), owed: AtomicUsize::new(0), hangs: AtomicBool::new(false) }
    }

    fn wire(&self) -> &AsyncPgConnection {
        // Only `drop` empties it.
        self.connection.as_ref().expect("a loan holds its connection until it is dropped")
    }

    fn in_time<'a, T: Send>(
        &'a self,
        answer: impl Future<Output = QueryResult<T>> + Send + 'a,
    ) -> BoxFuture<'a, QueryResult<T>> {
        async move {
            if self.hangs.load(Ordering::Relaxed) {
                return Err(no_answer());
            }
            self.owed.fetch_add(1, Ordering::Relaxed);
            let Ok(answer) = timeout(ANSWER_MAX, answer).await else {
                self.hangs.store(true, Ordering::Relaxed);
                return Err(no_answer());
            };
            self.owed.fetch_sub(1, Ordering::Relaxed);
            answer
        }
        .boxed()
    }
}

fn no_answer() -> DieselError {
    let words = format!("no answer within {} s; the connection is given up", ANSWER_MAX.as_secs());
    DieselError::DatabaseError(DatabaseErrorKind::ClosedConnection, Box::new(words))
}

impl Drop for Loan {
    fn drop(&mut self) {
        let owes = self.owed.load(Ordering::Relaxed) > 0;
        if let Some(connection) = self.connection.take().filter(|_| owes) {
            drop(Object::take(connection));
        }
    }
}

impl SimpleAsyncConnection for &Loan {
    async fn batch_execute(&mut self, query: &str) -> QueryResult<()> {
        self.in_time(async { self.wire().batch_execute(query).await }).await
    }
}

impl SimpleAsyncConnection for Loan {
    async fn batch_execute(&mut self, query: &str) -> QueryResult<()> {
        (&*self).batch_execute(query).await
    }
}

type Row = <AsyncPgConnection as AsyncConnectionCore>::Row<'static, 'static>;
type Rows = BoxStream<'static, QueryResult<Row>>;

/// As with the connection itself, statements on a shared loan are sent without waiting for one another.
impl<'a> AsyncConnectionCore for &'a Loan {
    type ExecuteFuture<'conn, 'query> = BoxFuture<'a, QueryResult<usize>>;
    type LoadFuture<'conn, 'query> = BoxFuture<'a, QueryResult<Rows>>;
    type Stream<'conn, 'query> = Rows;
    type Row<'conn, 'query> = Row;
    type Backend = Pg;

    fn load<'conn, 'query, T>(&'conn mut self, source: T) -> Self::LoadFuture<'conn, 'query>
    where
        T: AsQuery + 'query,
        T::Query: QueryFragment<Pg> + QueryId + 'query,
    {
        let loan: &'a Loan = self;
        let answer = (&mut loan.wire()).load(source);
        // All rows of an answer are read in its time: every caller takes them all.
        loan.in_time(async move {
            let rows: Vec<Row> = answer.await?.try_collect().await?;
            Ok(stream::iter(rows.into_iter().map(Ok)).boxed())
        })
    }

    fn execute_returning_count<'conn, 'query, T>(&'conn mut self, source: T) -> Self::ExecuteFuture<'conn, 'query>
    where
        T: QueryFragment<Pg> + QueryId + 'query,
    {
        let loan: &'a Loan = self;
        loan.in_time((&mut loan.wire()).execute_returning_count(source))
    }
}

impl AsyncConnectionCore for Loan {
    type ExecuteFuture<'conn, 'query> = BoxFuture<'conn, QueryResult<usize>>;
    type LoadFuture<'conn, 'query> = BoxFuture<'conn, QueryResult<Rows>>;
    type Stream<'conn, 'query> = Rows;
    type Row<'conn, 'query> = Row;
    type Backend = Pg;

    fn load<'conn, 'query, T>(&'conn mut self, source: T) -> Self::LoadFuture<'conn, 'query>
    where
        T: AsQuery + 'query,
        T::Query: QueryFragment<Pg> + QueryId + 'query,
    {
        AsyncConnectionCore::load(&mut &*self, source)
    }

    fn execute_returning_count<'conn, 'query, T>(&'conn mut self, source: T) -> Self::ExecuteFuture<'conn, 'query>
    where
        T: QueryFragment<Pg> + QueryId + 'query,
    {
        (&mut &*self).execute_returning_count(source)
    }
}

/// A loan with a transaction on it. Dropped before it was given back, its connection is closed: nobody else ever meets a
/// transaction that was left open.
pub(super) struct Lease {
    loan: Loan,
}

impl Lease {
    pub(super) fn of(loan: Loan) -> Self {
        // The end of its transaction is owed from the beginning.
        loan.owed.fetch_add(1, Ordering::Relaxed);
        Self { loan }
    }

    /// The transaction has ended; the next one may have the connection.
    pub(super) fn give_back(self) {
        self.loan.owed.fetch_sub(1, Ordering::Relaxed);
    }

    /// Undoes what was done, and gives the connection back if that went well.
    pub(super) async fn roll_back(self) {
        if (&self.loan).batch_execute("ROLLBACK").await.is_ok() {
            // Answers come in order: with this one, those that nobody waited for are there too.
            self.loan.owed.store(0, Ordering::Relaxed);
        }
    }
}

impl Deref for Lease {
    type Target = Loan;
    fn deref(&self) -> &Loan {
        &self.loan
    }
}
