//! Pieces that several pages share.

pub(crate) mod bar;
pub(crate) mod closeness;
pub(crate) mod margin;
pub(crate) mod row;
pub(crate) mod strip;
