//! Git mechanics, on real repositories.

#[cfg(test)]
mod clean_up;
#[cfg(test)]
mod discovery;
#[cfg(test)]
mod landing;
#[cfg(test)]
mod layout;
#[cfg(test)]
mod merge;
#[cfg(test)]
mod preflight;
#[cfg(test)]
mod repo;
#[cfg(test)]
#[path = "../support/mod.rs"]
mod support;
#[cfg(test)]
mod trial;
#[cfg(test)]
mod worktree;
