//! Who may do what: account, role, password, session, token.
