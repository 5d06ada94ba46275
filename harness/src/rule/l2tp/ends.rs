//! One value for each end of a connection.

use std::ops::{Index, IndexMut};

use crate::transcript::connection::Role;

/// One value for each end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::rule) struct Ends<T> {
    client: T,
    supernode: T,
}

impl<T> Index<Role> for Ends<T> {
    type Output = T;

    fn index(&self, role: Role) -> &T {
        match role {
            Role::Client => &self.client,
            Role::Supernode => &self.supernode,
        }
    }
}

impl<T> IndexMut<Role> for Ends<T> {
    fn index_mut(&mut self, role: Role) -> &mut T {
        match role {
            Role::Client => &mut self.client,
            Role::Supernode => &mut self.supernode,
        }
    }
}
