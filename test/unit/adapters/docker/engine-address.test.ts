// Every form of DOCKER_HOST that people use, supported or not.
import { expect, test } from 'vitest';
import { describeAddress, parseEngineAddress } from '../../../../src/adapters/docker/engine-address.ts';

test.each([
  [null, '/var/run/docker.sock'],
  ['', '/var/run/docker.sock'],
  ['unix://', '/var/run/docker.sock'],
  ['unix:///run/user/1000/docker.sock', '/run/user/1000/docker.sock'],
  ['/tmp/docker.sock', '/tmp/docker.sock'],
  ['tcp://127.0.0.1:2375', 'tcp://127.0.0.1:2375'],
  ['http://engine.internal:80/', 'tcp://engine.internal:80'],
])('reads DOCKER_HOST %j as %s', (text, place) => {
  expect(describeAddress(parseEngineAddress(text))).toBe(place);
});

test.each(['ssh://me@host', 'https://host:2376', 'tcp://host', 'tcp://:1', 'npipe:////./pipe/docker', 'docker'])(
  'refuses DOCKER_HOST %j in words',
  (text) => {
    expect(() => parseEngineAddress(text)).toThrow(/only unix:\/\/\/path and tcp:\/\/host:port/);
  },
);
