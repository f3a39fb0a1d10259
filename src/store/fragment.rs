//! SQL that diesel's own language cannot say (`UNNEST` in `FROM`), as statements of a fixed text.
//!
//! A statement has a static id, so that a connection prepares it once; its text names its values as `$name`.

/// Defines a statement: its values with their SQL types, the types of a row that it answers (none for a count), and
/// its text.
macro_rules! fragment {
    (
        $(#[$doc:meta])*
        $vis:vis struct $name:ident $(<$life:lifetime>)? { $($field:ident: $rust:ty => $sql:ty),* $(,)? }
        answers ($($row:ty),*);
        $text:expr
    ) => {
        $(#[$doc])*
        $vis struct $name $(<$life>)? { $($vis $field: $rust),* }

        impl $(<$life>)? ::diesel::query_builder::QueryFragment<::diesel::pg::Pg> for $name $(<$life>)? {
            fn walk_ast<'b>(
                &'b self,
                #[allow(unused_mut, reason = "a statement without values")]
                mut pass: ::diesel::query_builder::AstPass<'_, 'b, ::diesel::pg::Pg>,
            ) -> ::diesel::QueryResult<()> {
                let mut rest: &'static str = $text;
                while let Some((before, after)) = rest.split_once('$') {
                    pass.push_sql(before);
                    let end = after.find(|c: char| !(c.is_ascii_lowercase() || c == '_')).unwrap_or(after.len());
                    let (name, known) = (&after[..end], const { &[$(stringify!($field)),*] as &[&str] });
                    if !known.contains(&name) {
                        let message = format!("the statement has no value called {name}");
                        return Err(::diesel::result::Error::QueryBuilderError(message.into()));
                    }
                    $(if name == stringify!($field) {
                        pass.push_bind_param::<$sql, _>(&self.$field)?;
                    })*
                    rest = &after[end..];
                }
                pass.push_sql(rest);
                Ok(())
            }
        }

        const _: () = {
            /// Stands for the statement's text in the cache of prepared statements.
            $vis struct Id;

            impl $(<$life>)? ::diesel::query_builder::QueryId for $name $(<$life>)? {
                type QueryId = Id;
                const HAS_STATIC_QUERY_ID: bool = true;
            }
        };

        impl $(<$life>)? ::diesel::query_builder::Query for $name $(<$life>)? {
            type SqlType = ($($row,)*);
        }
    };
}

pub(super) use fragment;
