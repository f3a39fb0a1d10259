//! Who may do what: permissions, and the roles that hold them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One thing that may be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Permission {
    /// Runs, their schedules, presets and templates.
    #[serde(rename = "admin.automation")]
    Automation,
    /// Look at the registry and its history.
    #[serde(rename = "sellers.read")]
    SellersRead,
    /// Change the registry.
    #[serde(rename = "sellers.write")]
    SellersWrite,
    /// Members, tokens, webhooks, the audit log.
    #[serde(rename = "org.admin")]
    OrgAdmin,
}

impl Permission {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Automation, Self::SellersRead, Self::SellersWrite, Self::OrgAdmin];

    /// Its name on the wire and in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Automation => "admin.automation",
            Self::SellersRead => "sellers.read",
            Self::SellersWrite => "sellers.write",
            Self::OrgAdmin => "org.admin",
        }
    }

    /// The permission of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|permission| permission.as_str() == name)
    }
}

/// A set of permissions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Permissions([bool; Permission::ALL.len()]);

impl Permissions {
    /// Every permission.
    pub const ALL: Self = Self([true; Permission::ALL.len()]);

    /// Whether this one is among them.
    #[must_use]
    pub fn holds(self, permission: Permission) -> bool {
        self.0[permission as usize]
    }

    /// Those that are in both sets: a token never opens more than whoever made it may.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Permission::ALL.into_iter().filter(|one| self.holds(*one) && other.holds(*one)).collect()
    }

    /// They, in the order of [`Permission::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.into_iter().filter(move |permission| self.holds(*permission))
    }
}

impl FromIterator<Permission> for Permissions {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        let mut set = Self::default();
        for permission in permissions {
            set.0[permission as usize] = true;
        }
        set
    }
}

/// What a member of an organisation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sees and streams, and changes nothing.
    Viewer,
    /// Works with runs and sellers.
    Operator,
    /// Everything, people included.
    Admin,
}

impl Role {
    /// All of them, the least first.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Operator, Self::Admin];

    /// Its name on the wire and in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// The role of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }

    /// What it may do.
    #[must_use]
    pub fn permissions(self) -> Permissions {
        use Permission::{Automation, SellersRead, SellersWrite};
        match self {
            Self::Viewer => [SellersRead].into_iter().collect(),
            Self::Operator => [Automation, SellersRead, SellersWrite].into_iter().collect(),
            Self::Admin => Permissions::ALL,
        }
    }
}

/// What a route asks of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// To look at runs: whoever sees sellers may, and whoever works with runs.
    SeeRuns,
    /// Nothing but to be known.
    Known,
    /// This permission.
    One(Permission),
}

impl Need {
    /// Whether these permissions are enough.
    #[must_use]
    pub fn is_met_by(self, permissions: Permissions) -> bool {
        match self {
            Self::SeeRuns => permissions.holds(Permission::SellersRead) || permissions.holds(Permission::Automation),
            Self::Known => true,
            Self::One(permission) => permissions.holds(permission),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_viewer_sees_and_changes_nothing() {
        let viewer = Role::Viewer.permissions();
        assert!(Need::SeeRuns.is_met_by(viewer) && Need::One(Permission::SellersRead).is_met_by(viewer));
        for permission in [Permission::Automation, Permission::SellersWrite, Permission::OrgAdmin] {
            assert!(!Need::One(permission).is_met_by(viewer), "{}", permission.as_str());
        }
    }

    #[test]
    fn a_higher_role_may_do_all_that_a_lower_one_may() {
        for pair in Role::ALL.windows(2) {
            let (low, high) = (pair[0].permissions(), pair[1].permissions());
            assert_eq!(low.and(high), low, "{:?} within {:?}", pair[0], pair[1]);
            assert_ne!(low, high);
        }
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        assert!(Role::ALL.iter().all(|role| Role::parse(role.as_str()) == Some(*role)));
        for permission in Permission::ALL {
            assert_eq!(Permission::parse(permission.as_str()), Some(permission));
            assert_eq!(serde_json::to_value(permission).unwrap(), permission.as_str());
        }
    }
}
