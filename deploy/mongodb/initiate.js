// A replica set of one, as transactions want it, and the user of the trees. Can be run again.
const fs = require('fs');
const secret = (name) => fs.readFileSync(`/run/secrets/${name}`, 'utf8').trim();
const admin = connect('mongodb://mongodb:27017/admin?directConnection=true');
admin.auth('root', secret('mongo_root_password'));

try {
  admin.adminCommand({ replSetGetStatus: 1 });
} catch (error) {
  if (error.codeName !== 'NotYetInitialized') throw error;
  admin.adminCommand({ replSetInitiate: { _id: 'rs0', members: [{ _id: 0, host: 'mongodb:27017' }] } });
}
for (let left = 60; !admin.hello().isWritablePrimary; left -= 1) {
  if (left === 0) throw new Error('no primary');
  sleep(1000);
}
const user = { pwd: secret('mongo_password'), roles: [{ role: 'readWrite', db: 'dzinza_genealogy' }] };
if (admin.getUser('dzinza')) {
  admin.updateUser('dzinza', user);
} else {
  admin.createUser({ user: 'dzinza', ...user });
}
print('The replica set is there.');
