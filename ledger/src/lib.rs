//! Money that survives everything: wallets and their keys, the journal of every movement, the signed chain of epochs,
//! bills that anyone can check, and the store that keeps them.
