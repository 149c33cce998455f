//! Where git is called.
