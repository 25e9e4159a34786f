import 'graphiql/style.css';
import '@graphiql/plugin-explorer/style.css';

import { explorerPlugin } from '@graphiql/plugin-explorer';
import { GraphiQL, HISTORY_PLUGIN } from 'graphiql';
import { createRoot } from 'react-dom/client';

const config = JSON.parse(document.getElementById('graphiql-config').textContent);

globalThis.MonacoEnvironment = {
  getWorker(_id, label) {
    const name = label === 'graphql' || label === 'json' ? label : 'editor';
    return new Worker(new URL(`${name}.worker.js`, import.meta.url), { name });
  },
};

/** Posts one operation. The extra header makes a request from a foreign page need a preflight. */
async function fetcher(operation, { headers } = {}) {
  const response = await fetch(config.endpoint, {
    method: 'POST',
    headers: {
      accept: 'application/graphql-response+json, application/json;q=0.9',
      'content-type': 'application/json',
      'graphql-require-preflight': '1',
      ...headers,
    },
    body: JSON.stringify(operation),
  });
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    // A proxy in between may answer with HTML: show what came, not a parse error.
    return { errors: [{ message: `HTTP ${response.status} ${response.statusText}`.trim() }], text };
  }
}

/** The tab that is open first: the one a returning visitor left, or the first ready one. */
function openTab() {
  try {
    const { tabs, activeTabIndex } = JSON.parse(localStorage.getItem('graphiql:tabState'));
    return tabs[activeTabIndex];
  } catch {
    return config.tabs[0];
  }
}

const { query, variables } = openTab() ?? {};

createRoot(document.getElementById('graphiql')).render(
  <GraphiQL
    defaultEditorToolsVisibility="variables"
    defaultTabs={config.tabs}
    fetcher={fetcher}
    // GraphiQL fills the editors of the open tab from these two, not from the tab.
    initialQuery={query ?? ''}
    initialVariables={variables ?? ''}
    plugins={[HISTORY_PLUGIN, explorerPlugin({ showAttribution: false })]}
    schemaDescription
    shouldPersistHeaders={false} // a header may hold a token
  >
    <GraphiQL.Logo>{null}</GraphiQL.Logo>
  </GraphiQL>,
);
