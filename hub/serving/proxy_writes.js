// Loaded into the proxy before its own code.
//
// Node ends a request that has a body with a write of nothing. To most sockets that is nothing; a unix socket whose
// other side has already answered and closed calls it a broken pipe, and the proxy then says 503 and drops an answer
// that has arrived: a sign-in or a saved notebook fails, now and then, on a busy machine. So nothing is not written.
"use strict";

const { Socket } = require("node:net");

const write = Socket.prototype._write;

Socket.prototype._write = function (chunk, encoding, done) {
  if (chunk.length === 0) {
    done();
    return;
  }
  write.call(this, chunk, encoding, done);
};
