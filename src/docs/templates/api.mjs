/* Starts Swagger UI on the page of the API, with a few changes. `SwaggerUIBundle` is its global. */

const OPEN_GROUP = 'Customer seats';
const SCHEME = 'OrganizationToken';

const root = document.getElementById('swagger-ui');
const isDemo = 'demo' in root.dataset;
// While the description loads.
const demoToken = isDemo ? fetchDemoToken() : undefined;

followColorScheme();
const ui = window.SwaggerUIBundle({
  url: '/docs/openapi.json',
  domNode: root,
  deepLinking: true,
  docExpansion: 'none',
  // The descriptions of a model's keys are visible without a click.
  defaultModelRendering: 'model',
  defaultModelExpandDepth: 2,
  // The section with all schemas is closed.
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  filter: true,
  // The demo's token comes with each load, so it need not stay in the browser.
  persistAuthorization: !isDemo,
  // Swagger UI would send the address of this page to a service of its makers.
  validatorUrl: null,
  layout: 'DocsLayout',
  plugins: [parser, resolver, layout, search, responses],
  onComplete: () => {
    // The page shows a list of the first routes until Swagger UI has the description. A click on it
    // changes the hash, from which Swagger UI opens the route.
    document.getElementById('routes').remove();
    root.hidden = false;
    void authorizeDemo();
  },
});

async function fetchDemoToken() {
  const response = await fetch('/docs/demo-token.json');
  return response.ok ? (await response.json()).token : undefined;
}

async function authorizeDemo() {
  const token = await demoToken;
  if (token === undefined) return;
  ui.preauthorizeApiKey(SCHEME, token);
  document.getElementById('demo').hidden = false;
}

/** Swagger UI has dark colors, which the page must switch on. */
function followColorScheme() {
  const dark = window.matchMedia('(prefers-color-scheme: dark)');
  const apply = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
  dark.addEventListener('change', apply);
  apply();
}

/** The description is JSON. Swagger UI would parse it as YAML, which takes most of the start. */
function parser() {
  const parseToJson =
    (_original, { specActions }) =>
    (text) =>
      specActions.updateJsonSpec(JSON.parse(text));
  return { statePlugins: { spec: { wrapActions: { parseToJson } } } };
}

/**
 * Replaces the references of an operation. Swagger UI's own resolver reads the whole description for
 * each operation, which takes seconds, because references may lead to other documents. Ours do not.
 */
function resolver() {
  const find = (document, keys) => keys.reduce((value, key) => value?.[key], document);
  const resolve = (document, value, within) => {
    if (Array.isArray(value)) return value.map((item) => resolve(document, item, within));
    if (value === null || typeof value !== 'object') return value;
    const { $ref, ...others } = value;
    const own = Object.fromEntries(
      Object.entries(others).map(([key, item]) => [key, resolve(document, item, within)]),
    );
    if (typeof $ref !== 'string' || !$ref.startsWith('#/')) return { ...value, ...own };
    // A schema that contains itself ends here.
    if (within.includes($ref)) return own;
    const keys = $ref
      .slice(2)
      .split('/')
      .map((key) => decodeURIComponent(key).replaceAll('~1', '/').replaceAll('~0', '~'));
    const target = resolve(document, find(document, keys), [...within, $ref]);
    // Swagger UI shows the name of a schema from $$ref.
    return { ...target, ...own, $$ref: $ref };
  };
  return {
    fn: {
      resolveSubtree: async (document, keys) => ({
        spec: resolve(document, find(document, keys), []),
        errors: [],
      }),
    },
  };
}

/** A component whose content is built when a reader opens it. */
function foldOf(React) {
  return ({ name, summary, children }) => {
    const [isOpen, setOpen] = React.useState(false);
    return React.createElement(
      'details',
      { className: name, onToggle: (event) => setOpen(event.currentTarget.open) },
      React.createElement('summary', null, summary),
      isOpen ? children : null,
    );
  };
}

/** The bar with the search and the button for tokens comes first, and stays at the top. */
function layout({ React }) {
  const h = React.createElement;
  const Fold = foldOf(React);
  return {
    components: {
      DocsLayout: ({ getComponent, specSelectors }) => {
        const part = (name) => h(getComponent(name, true));
        const isLoading = specSelectors.loadingStatus() !== 'success';
        return h(
          'div',
          { className: 'swagger-ui' },
          part('SvgAssets'),
          part('errors'),
          isLoading
            ? h('p', { className: 'loading-text' }, 'Loading the description …')
            : h(
                React.Fragment,
                null,
                h(
                  'div',
                  { className: 'bar' },
                  part('FilterContainer'),
                  part('AuthorizeBtnContainer'),
                ),
                h(
                  'details',
                  { className: 'conventions' },
                  h(
                    'summary',
                    null,
                    'First steps, authentication, errors, idempotency, lists, limits',
                  ),
                  part('InfoContainer'),
                ),
                part('operations'),
                h(
                  Fold,
                  { name: 'webhooks', summary: 'Webhooks: the events that your endpoints receive' },
                  part('Webhooks'),
                ),
                part('Models'),
              ),
        );
      },
    },
  };
}

/** A search in the paths, the names and the texts of operations. It opens the groups with a match. */
function search({ React }) {
  const matches = (phrase) => {
    const words = phrase.toLowerCase().split(/\s+/).filter(Boolean);
    return (operation) => {
      const details = operation.get('operation');
      const keys = ['summary', 'operationId', 'description'];
      const text = [
        operation.get('method'),
        operation.get('path'),
        ...keys.map((key) => details.get(key)),
      ]
        .join(' ')
        .toLowerCase();
      return words.every((word) => text.includes(word));
    };
  };
  const isSearching = (selectors) =>
    typeof selectors.currentFilter() === 'string' && selectors.currentFilter() !== '';
  return {
    fn: {
      opsFilter: (groups, phrase) =>
        groups
          .map((group) => group.update('operations', (list) => list.filter(matches(phrase))))
          .filter((group) => group.get('operations').size > 0),
    },
    statePlugins: {
      layout: {
        wrapSelectors: {
          // `original` gets the state by itself.
          isShown:
            (original, { layoutSelectors }) =>
            (_state, key, byDefault) => {
              const [kind, name] = Array.isArray(key) ? key : [key];
              if (kind !== 'operations-tag') return original(key, byDefault);
              return (
                isSearching(layoutSelectors) || original(key, byDefault || name === OPEN_GROUP)
              );
            },
        },
      },
    },
    components: {
      FilterContainer: ({ layoutActions, layoutSelectors }) => {
        const phrase = layoutSelectors.currentFilter();
        return React.createElement('input', {
          type: 'search',
          className: 'search',
          placeholder: 'Search routes',
          'aria-label': 'Search routes',
          value: typeof phrase === 'string' ? phrase : '',
          onChange: (event) => layoutActions.updateFilter(event.target.value),
        });
      },
    },
  };
}

/**
 * Above the responses of an operation, its samples (`x-codeSamples`). The errors are folded, since
 * most routes have ten.
 */
function responses({ React }) {
  const h = React.createElement;
  const Samples = ({ samples }) => {
    const [chosen, choose] = React.useState(0);
    const tab = ({ lang, label }, index) => {
      const props = {
        type: 'button',
        'aria-pressed': index === chosen,
        onClick: () => choose(index),
      };
      return h('button', { key: index, ...props }, label ?? lang);
    };
    return h(
      'div',
      { className: 'samples' },
      h('div', { className: 'tabs', role: 'group', 'aria-label': 'Language' }, samples.map(tab)),
      h('pre', { tabIndex: 0 }, h('code', null, samples[chosen].source)),
    );
  };
  const Fold = foldOf(React);
  return {
    wrapComponents: {
      responses:
        (Original, { specSelectors }) =>
        (props) => {
          const { path, method, responses: all } = props;
          const samples = specSelectors.specJson().getIn(['paths', path, method, 'x-codeSamples']);
          const failures = all.filter((_, code) => code >= '400');
          return h(
            React.Fragment,
            null,
            samples === undefined ? null : h(Samples, { samples: samples.toJS() }),
            h(Original, { ...props, responses: all.filterNot((_, code) => code >= '400') }),
            failures.size === 0
              ? null
              : h(
                  Fold,
                  { name: 'failures', summary: `Errors: ${failures.keySeq().join(', ')}` },
                  h(Original, { ...props, responses: failures, tryItOutResponse: null }),
                ),
          );
        },
    },
  };
}
