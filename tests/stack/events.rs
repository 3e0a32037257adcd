//! Events: what somebody did turns findings within seconds, and says who.
