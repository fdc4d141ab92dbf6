// A mock of what JavaScript for Automation offers a script: apps with windows, tabs and terminals
// as object specifiers, which are read by a call, set by an assignment, and fail one by one.

import { readFileSync } from 'node:fs';
import { createContext, runInContext } from 'node:vm';

/** An error of an app, as osascript raises it. */
export function appError(number, message = 'the app failed') {
  return Object.assign(new Error(message), { errorNumber: number });
}

/** An object of an app. A function among the properties computes the value, or throws. */
export function object(kind, properties, log) {
  const name = properties.name ?? kind;
  return new Proxy(
    {},
    {
      get(_, property) {
        if (properties[property]?.isElements) return properties[property];
        if (property in properties) {
          const value = properties[property];
          return () => (typeof value === 'function' ? value() : value);
        }
        if (['select', 'focus', 'activate', 'launch', 'doScript'].includes(property)) {
          return (...words) => {
            log.push([property, name, ...words].join(' '));
            properties[`on_${property}`]?.(...words);
          };
        }
        return undefined;
      },
      set(_, property, value) {
        log.push(`${property}=${value} ${name}`);
        properties[`set_${property}`]?.(value);
        properties[property] = value;
        return true;
      },
    },
  );
}

/**
 * The elements of an object, such as its windows. `failure` is thrown by every access; without
 * `bulk`, a property cannot be read of all at once; `reads` receives the name of each access.
 */
export function elements(items, { failure, bulk = true, reads } = {}) {
  const fail = () => {
    if (failure) throw failure;
  };
  return new Proxy(
    {},
    {
      get(_, property) {
        if (property === 'isElements') return true;
        reads?.push(property);
        if (property === 'length') {
          fail();
          return items.length;
        }
        if (property === 'at') return (index) => items[index];
        if (property === 'byId') return (id) => items.find((item) => item.id() === id);
        // An app whose dictionary lacks the property has no such function.
        if (items.every((item) => item[property] === undefined)) return undefined;
        return () => {
          fail();
          if (!bulk) throw appError(-1728);
          return items.map((item) => item[property]());
        };
      },
    },
  );
}

/** Runs a script with these apps; returns what it prints, decoded. */
export function runScript(script, argv, apps, globals = {}) {
  const source = ['common.js', script].map((file) => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8'));
  const Application = (bundle) => {
    if (!(bundle in apps)) throw appError(-2700, "Application can't be found.");
    return apps[bundle];
  };
  const context = createContext({ Application, ...globals });
  runInContext(source.join('\n'), context);
  context.argv = argv;
  return JSON.parse(runInContext('run(argv)', context));
}
