//! Routes as handlers declare them (`#[utoipa::path]`), with the description only where somebody asks for it: making it takes
//! longer than all else at the start of a function.

use axum::Router;
use axum::handler::Handler;
use axum::routing::MethodRouter;
use utoipa::openapi::HttpMethod;
use utoipa_axum::PathItemExt as _;
#[cfg(feature = "openapi")]
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

/// The routes of a group, or of a part of one.
pub struct Routes<S = ()> {
    pub(crate) router: Router<S>,
    #[cfg(feature = "openapi")]
    pub(crate) described: Vec<Describe<S>>,
}

/// What makes the description of one path.
#[cfg(feature = "openapi")]
pub(crate) type Describe<S> = fn() -> UtoipaMethodRouter<S>;

/// What [`routes!`](crate::routes) makes: the handlers of one path.
#[doc(hidden)]
pub struct Handled<S> {
    pub path: String,
    pub handlers: MethodRouter<S>,
    #[cfg(feature = "openapi")]
    pub described: fn() -> UtoipaMethodRouter<S>,
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    /// None yet.
    pub fn new() -> Self {
        Self {
            router: Router::new(),
            #[cfg(feature = "openapi")]
            described: Vec::new(),
        }
    }

    /// With those of one path, as [`routes!`](crate::routes) makes them.
    #[must_use]
    pub fn routes(mut self, handled: Handled<S>) -> Self {
        self.router = self.router.route(&handled.path, handled.handlers);
        #[cfg(feature = "openapi")]
        self.described.push(handled.described);
        self
    }

    /// With all of the others.
    #[must_use]
    pub fn merge(mut self, others: Self) -> Self {
        self.router = self.router.merge(others.router);
        #[cfg(feature = "openapi")]
        self.described.extend(others.described);
        self
    }

    /// With one that no description tells of.
    #[must_use]
    pub fn route(self, path: &str, handlers: MethodRouter<S>) -> Self {
        Self { router: self.router.route(path, handlers), ..self }
    }

    /// Changed as a router is: for layers around the routes that are there by now.
    #[must_use]
    pub fn map(self, change: impl FnOnce(Router<S>) -> Router<S>) -> Self {
        Self { router: change(self.router), ..self }
    }

    /// What the handlers say of themselves.
    #[cfg(feature = "openapi")]
    pub(crate) fn describe(described: &[Describe<S>]) -> utoipa::openapi::OpenApi {
        let all = described.iter().fold(OpenApiRouter::<S>::new(), |all, describe| all.routes(describe()));
        all.split_for_parts().1
    }
}

impl<S: Clone + Send + Sync + 'static> Default for Routes<S> {
    fn default() -> Self {
        Self::new()
    }
}

/// With a handler of these methods.
#[doc(hidden)]
pub fn on<H, T, S>(handlers: MethodRouter<S>, methods: &[HttpMethod], handler: &H) -> MethodRouter<S>
where
    H: Handler<T, S>,
    T: 'static,
    S: Clone + Send + Sync + 'static,
{
    let add = |all: MethodRouter<S>, method: &HttpMethod| all.on(method.to_method_filter(), handler.clone());
    methods.iter().fold(handlers, add)
}

/// Handlers of one path, each with what `#[utoipa::path]` says of it, for [`Routes::routes`].
#[macro_export]
macro_rules! routes {
    ($($first:ident)::+ $(, $($more:ident)::+)* $(,)?) => {
        $crate::__handled!($($first)::+ $(, $($more)::+)*)
    };
}

/// See [`routes!`](crate::routes).
#[doc(hidden)]
#[cfg(feature = "openapi")]
#[macro_export]
macro_rules! __handled {
    ($($first:ident)::+ $(, $($more:ident)::+)*) => {
        $crate::__routes::Handled {
            path: $crate::__routes::utoipa_axum::routes!(@path [path()] of $($first)::+),
            handlers: $crate::__methods!($($first)::+ $(, $($more)::+)*),
            described: || $crate::__routes::utoipa_axum::routes!($($first)::+ $(, $($more)::+)*),
        }
    };
}

/// See [`routes!`](crate::routes).
#[doc(hidden)]
#[cfg(not(feature = "openapi"))]
#[macro_export]
macro_rules! __handled {
    ($($first:ident)::+ $(, $($more:ident)::+)*) => {
        $crate::__routes::Handled {
            path: $crate::__routes::utoipa_axum::routes!(@path [path()] of $($first)::+),
            handlers: $crate::__methods!($($first)::+ $(, $($more)::+)*),
        }
    };
}

/// See [`routes!`](crate::routes).
#[doc(hidden)]
#[macro_export]
macro_rules! __methods {
    ($($($handler:ident)::+),+) => {
        {
            let handlers = $crate::__routes::MethodRouter::new();
            $(
                let methods = $crate::__routes::utoipa_axum::routes!(@path [methods()] of $($handler)::+);
                let handlers = $crate::__routes::on(handlers, &methods, &$($handler)::+);
            )+
            handlers
        }
    };
}
